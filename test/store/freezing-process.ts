/**
 * A process that stops itself (SIGSTOP) in the middle of a batch, with its locks held, for tests
 * that go on beside it: `freezing-process.ts URL`. Each line of its input is a payment; it answers
 * with a line once it has been continued and its command is committed.
 */
import process from 'node:process';
import readline from 'node:readline';
import { openPostgres } from '../../src/database/postgres.ts';
import { parseId, shardOfId } from '../../src/kernel/id.ts';
import { freshId, openEngine, start } from './engine-support.ts';

const url = process.argv[2];
if (url === undefined) throw new Error('freezing-process.ts URL');
const room = await openEngine(openPostgres({ url }));
process.stdout.write('ready\n');
for await (const line of readline.createInterface({ input: process.stdin })) {
  const id = parseId('payment_intent', line);
  if (id === undefined) throw new Error(`${line} is no payment`);
  const command = start(id, freshId('payment_attempt', shardOfId(id)));
  let isFirst = true;
  const answer = await room.engine.submit({
    ...command,
    decide: (...decided) => {
      if (isFirst) process.kill(process.pid, 'SIGSTOP');
      isFirst = false;
      return command.decide(...decided);
    },
  });
  process.stdout.write(`${answer.ok ? 'committed' : answer.error.code}\n`);
}
