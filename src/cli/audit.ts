/**
 * `hutong audit verify`: checks every chain of the audit log from its first row, and prints its
 * current head. Whoever stores a head elsewhere can tell later whether rows were cut off after it.
 */
import { type ChainVerdict, followChain } from '../core/audit/audit.ts';
import type { Db } from '../database/db.ts';
import type { Id } from '../kernel/id.ts';
import { readChain, readChains } from '../store/audit/audit-log.ts';
import type { Cells } from '../store/cells.ts';
import { readMarketplaces } from '../store/merchant/marketplaces.ts';

const PAGE_ROWS = 1_000;

/** Throws if a row differs from what was sealed. */
export async function verifyAudit(cells: Cells, print: (line: string) => void): Promise<void> {
  const db = cells.home;
  const names = new Map((await readMarketplaces(db)).map(({ id, name }) => [id, name]));
  const chains = await readChains(cells);
  if (chains.length === 0) print('nothing is in the audit log yet');
  const broken: string[] = [];
  for (const { marketplace, open } of chains) {
    const name = marketplace === null ? 'the platform' : (names.get(marketplace) ?? marketplace);
    const { rows, head, problem } = await verifyChain(db, marketplace);
    const waiting = open === 0 ? '' : `, ${open} not sealed yet`;
    if (problem === null) print(`✓ ${name.padEnd(16)} ${rows} rows, head ${head}${waiting}`);
    else {
      print(`✗ ${name.padEnd(16)} row ${problem.sequence} (${problem.id}): ${problem.what}`);
      broken.push(name);
    }
  }
  if (broken.length > 0)
    throw new Error(`the audit log of ${broken.join(', ')} was changed after it was sealed`);
}

async function verifyChain(db: Db, marketplace: Id<'marketplace'> | null): Promise<ChainVerdict> {
  let verdict = followChain([]);
  for (;;) {
    const from = { sequence: verdict.rows, limit: PAGE_ROWS };
    const rows = await readChain(db, marketplace, from);
    verdict = followChain(rows, verdict);
    if (rows.length < PAGE_ROWS || verdict.problem !== null) return verdict;
  }
}
