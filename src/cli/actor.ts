/**
 * Who the audit log records as the user of the command line: the machine's user, not the product's.
 */
import os from 'node:os';
import type { IdSource } from '../engine/ids.ts';
import { auditNote } from '../flows/audit/audit-log.ts';
import type { Id } from '../kernel/id.ts';
import { wallClock } from '../runtime/clock.ts';
import type { AuditNote } from '../store/audit/audited.ts';

function cliActor(): string {
  return `cli:${os.userInfo().username}`;
}

/** The audit row of a command. */
export function cliNote(
  ids: IdSource,
  marketplace: Id<'marketplace'> | null,
  action: string,
): AuditNote {
  return auditNote({ ids, wall: wallClock }, { marketplace, actor: cliActor(), action });
}
