/**
 * Who changed what: listed for the marketplace that it concerns, and sealed in the background by
 * whichever process comes first, so that no row waits longer than five seconds for its hash.
 */

import type { AuditFact, AuditRow } from '../../core/audit/audit.ts';
import type { Db } from '../../database/db.ts';
import { type Id, shardOf } from '../../kernel/id.ts';
import { type Chore, startChore } from '../../runtime/chore.ts';
import type { Clock } from '../../runtime/clock.ts';
import { type AuditFilter, listAudit, sealAudit } from '../../store/audit/audit-log.ts';
import type { AuditNote } from '../../store/audit/audited.ts';
import { collectAudit } from '../../store/audit/collect.ts';
import type { Outcome } from '../base/outcome.ts';
import type { Page, PageRequest } from '../base/page.ts';
import { listPage } from '../base/page.ts';
import type { Platform } from '../base/platform.ts';
import { describe } from '../base/wallet-call.ts';

const SEAL_EVERY_MS = 2_000;
const SEAL_AT_ONCE = 500;

export function listAuditLog(
  platform: Platform,
  marketplace: Id<'marketplace'>,
  filter: AuditFilter,
  request: PageRequest,
): Outcome<Page<AuditRow>> {
  return listPage(request, (ids) => listAudit(platform.cells, marketplace, filter, ids));
}

/** The row that a change adds to the log, with the id and time assigned by this process. */
export function auditNote(
  { ids, wall }: Pick<Platform, 'ids' | 'wall'>,
  fact: Pick<AuditFact, 'marketplace' | 'actor' | 'action'>,
): AuditNote {
  const shard = shardOf(fact.marketplace ?? 'house');
  return { ...fact, id: ids.next('audit_entry', shard), atMs: wall.nowMs() };
}

/** Seals settled rows repeatedly until it is stopped. */
export function startSealing(platform: Platform): Chore {
  return startChore(SEAL_EVERY_MS, () => sealAll(platform));
}

async function sealAll({ cells, db, wall, log }: Platform): Promise<void> {
  try {
    for (const cell of cells.everywhere) await collectAll(cell.db, db, wall);
    let sealed = SEAL_AT_ONCE;
    while (sealed === SEAL_AT_ONCE)
      sealed = await sealAudit(db, { nowMs: wall.nowMs(), limit: SEAL_AT_ONCE });
  } catch (error) {
    log.warn({ defect: describe(error) }, 'the audit log was not sealed');
  }
}

/** Rows of batches are written in their cell; there is one chain, at home. */
async function collectAll(cell: Db, home: Db, wall: Clock): Promise<void> {
  if (cell === home) return;
  let taken = SEAL_AT_ONCE;
  while (taken === SEAL_AT_ONCE)
    taken = await collectAudit(cell, home, { nowMs: wall.nowMs(), limit: SEAL_AT_ONCE });
}
