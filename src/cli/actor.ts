/** Who the audit log says used the command line: the user of the machine, not of the product. */
import os from 'node:os';

export function cliActor(): string {
  return `cli:${os.userInfo().username}`;
}
