/**
 * A process that takes its share of the sweeps, for tests that kill it: `sweeping-process.ts URL`.
 * It prints its share as JSON whenever that changes, and claims nothing.
 */
import process from 'node:process';
import { openPostgres } from '../../src/database/postgres.ts';
import { leaseProcess } from '../../src/engine/process-lease.ts';
import { systemRandom } from '../../src/runtime/random.ts';

const url = process.argv[2];
if (url === undefined) throw new Error('sweeping-process.ts URL');
const db = openPostgres({ url, lanes: 1, readers: 1 });
const lease = await leaseProcess(db, systemRandom, () => process.exit(70));
let told = '';
setInterval(() => {
  const share = JSON.stringify(lease.share());
  if (share !== told) process.stdout.write(`${share}\n`);
  told = share;
}, 50);
