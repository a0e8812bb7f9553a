/** /readyz of a composed platform whose wall clock has gone wrong (D8 of the money audit). */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Db } from '../../src/database/db.ts';
import { type EdgePlatform, openEdgeHome, openEdgePlatform } from '../helpers/edge-platform.ts';

let db: Db;
let edge: EdgePlatform;
let offMs = 0;

beforeAll(async () => {
  db = await openEdgeHome();
  edge = await openEdgePlatform({ db, wall: { nowMs: () => Date.now() + offMs } });
});
afterAll(() => edge.close());

const readyz = async () => {
  const answer = await edge.composed.server.inject({ method: 'GET', url: '/readyz' });
  return { status: answer.statusCode, body: answer.json() };
};

test('D8: a wrong clock is reported by /readyz, which stays 200, and by the log', async () => {
  expect(await readyz()).toEqual({ status: 200, body: { status: 'ready' } });
  offMs = 86_400_000;
  expect(await readyz()).toEqual({ status: 200, body: { status: 'ready', clock: 'skewed' } });
  const told = edge.lines().filter(({ msg }) => String(msg).includes('no sweeps until it is set'));
  expect(told).toHaveLength(1);
  offMs = 0;
  expect(await readyz()).toEqual({ status: 200, body: { status: 'ready' } });
});
