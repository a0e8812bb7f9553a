/** A part of `npm run hostile`, small enough for every run of the tests. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openWorld, runAttacks, runForeignLists, runReusedKeys } from './attack.ts';
import { fuzzParsers, fuzzRoute } from './notify.ts';
import { openStage, type Stage } from './stage.ts';

let stage: Stage;
let world: Awaited<ReturnType<typeof openWorld>>;

beforeAll(async () => {
  stage = await openStage();
  world = await openWorld(stage);
}, 240_000);
afterAll(() => stage?.close(), 60_000);

const misses = (results: readonly { readonly misses: readonly string[] }[]) =>
  results.flatMap((result) => result.misses);

it('every fault that openapi.json allows is a coded error and writes nothing', async () => {
  const results = await runAttacks(stage, world, 1 / 4);
  expect(misses(results)).toEqual([]);
  expect(results.reduce((sum, { passed }) => sum + passed, 0)).toBeGreaterThan(200);
}, 240_000);

it('a used key does nothing for another request', async () => {
  expect(misses(await runReusedKeys(stage, world))).toEqual([]);
}, 120_000);

it('lists show nothing of another tenant', async () => {
  expect(misses([await runForeignLists(stage, world)])).toEqual([]);
}, 120_000);

it('no callback without a signature is believed, none crashes a parser', async () => {
  expect(misses(await fuzzParsers(stage, 100))).toEqual([]);
  expect(misses([await fuzzRoute(stage, 10)])).toEqual([]);
}, 240_000);
