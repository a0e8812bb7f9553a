/**
 * `npm run hostile`: everything that openapi.json lets one get wrong, callbacks that no wallet
 * sent, floods of them, and genuine ones split differently, against the composed platform. One row
 * per group; the last line counts; a miss exits 1.
 */
import {
  type GroupResult,
  openWorld,
  runAttacks,
  runForeignLists,
  runReusedKeys,
} from './attack.ts';
import { attackEdge } from './edge.ts';
import { floodOfForgeries, floodOfForms } from './flood.ts';
import { genuineOf } from './genuine.ts';
import { fuzzParsers, fuzzRoute } from './notify.ts';
import {
  type Recutting,
  recutAll,
  withAlipay,
  withJdpay,
  withUnionpay,
  withWechatpay,
} from './signed-messages.ts';
import { openStage } from './stage.ts';

const RUNS = Number(process.env.HOSTILE_RUNS ?? 2_000);
const MISSES_SHOWN = 20;

async function main(): Promise<number> {
  const stage = await openStage();
  try {
    const world = await openWorld(stage);
    const results: GroupResult[] = [
      ...(await runAttacks(stage, world)),
      ...(await runReusedKeys(stage, world)),
      await runForeignLists(stage, world),
      ...(await fuzzParsers(stage, RUNS)),
      await fuzzRoute(stage, Math.ceil(RUNS / 10)),
      await floodOfForms(stage, (world.made.intent as { id: string }).id),
      await floodOfForgeries(stage, await genuineOf(stage)),
      ...(await recuts()),
      ...(await attackEdge(10_000)),
    ];
    return report(results);
  } finally {
    await stage.close();
  }
}

async function recuts(): Promise<GroupResult[]> {
  const found: Recutting[] = [];
  for (const open of [withAlipay, withUnionpay, withWechatpay, withJdpay]) {
    found.push(...(await open(recutAll)));
  }
  return found.map(({ what, sent, misses }) => ({
    group: `recut ${what}`,
    passed: sent - misses.length,
    misses: [...misses],
  }));
}

function report(results: readonly GroupResult[]): number {
  let passed = 0;
  let failed = 0;
  for (const result of results) {
    passed += result.passed;
    failed += result.misses.length;
    const verdict = result.misses.length === 0 ? 'ok' : `${result.misses.length} MISSED`;
    console.log(`${result.group.padEnd(20)} ${String(result.passed).padStart(6)}  ${verdict}`);
    for (const miss of result.misses.slice(0, MISSES_SHOWN)) console.log(`  ${miss}`);
    const rest = result.misses.length - MISSES_SHOWN;
    if (rest > 0) console.log(`  and ${rest} more`);
  }
  console.log(`${passed} passed, ${failed} failed, 0 skipped`);
  return failed;
}

process.exitCode = (await main()) === 0 ? 0 : 1;
