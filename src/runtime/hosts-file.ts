/** The machine's own table of names (hosts(5)): a few lines that an operator wrote. */
import fs from 'node:fs/promises';
import { isIP } from 'node:net';

export const HOSTS_FILE =
  process.platform === 'win32' ? 'C:\\Windows\\System32\\drivers\\etc\\hosts' : '/etc/hosts';

/** Every address of the name, in the file's order; none if the file does not list it. */
export async function lookUpInHostsFile(file: string, host: string): Promise<readonly string[]> {
  const text = await fs.readFile(file, 'utf8').catch(() => '');
  return addressesOf(text, host.toLowerCase());
}

function addressesOf(text: string, host: string): readonly string[] {
  return text.split('\n').flatMap((line) => {
    const [address = '', ...names] = (line.split('#')[0] ?? '').trim().split(/\s+/);
    return isIP(address) !== 0 && names.some((name) => name.toLowerCase() === host)
      ? [address]
      : [];
  });
}
