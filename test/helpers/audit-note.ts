/** What a test's change of reference data leaves in the audit log. */
import type { Id } from '../../src/core/id.ts';
import { createIdSource } from '../../src/engine/ids.ts';
import { auditNote } from '../../src/flows/audit-log.ts';
import { wallClock } from '../../src/runtime/clock.ts';
import type { AuditNote } from '../../src/store/audited.ts';

const PROCESS = 255;
const ids = createIdSource(PROCESS, wallClock);

export function testNote(
  marketplace: Id<'marketplace'> | null,
  action = 'test.changed',
): AuditNote {
  return auditNote({ ids, wall: wallClock }, { marketplace, actor: 'cli:test', action });
}
