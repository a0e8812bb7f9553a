/** What a test's change of reference data leaves in the audit log. */

import { createIdSource } from '../../src/engine/ids.ts';
import { auditNote } from '../../src/flows/audit/audit-log.ts';
import type { Id } from '../../src/kernel/id.ts';
import { wallClock } from '../../src/runtime/clock.ts';
import type { AuditNote } from '../../src/store/audit/audited.ts';

const PROCESS = 255;
const ids = createIdSource(PROCESS, wallClock);

export function testNote(
  marketplace: Id<'marketplace'> | null,
  action = 'test.changed',
): AuditNote {
  return auditNote({ ids, wall: wallClock }, { marketplace, actor: 'cli:test', action });
}
