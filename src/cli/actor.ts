/** Who the audit log says used the command line: the user of the machine, not of the product. */
import os from 'node:os';
import type { IdSource } from '../engine/ids.ts';
import { auditNote } from '../flows/audit/audit-log.ts';
import type { Id } from '../kernel/id.ts';
import { wallClock } from '../runtime/clock.ts';
import type { AuditNote } from '../store/audit/audited.ts';

function cliActor(): string {
  return `cli:${os.userInfo().username}`;
}

/** What a command leaves in the audit log. */
export function cliNote(
  ids: IdSource,
  marketplace: Id<'marketplace'> | null,
  action: string,
): AuditNote {
  return auditNote({ ids, wall: wallClock }, { marketplace, actor: cliActor(), action });
}
