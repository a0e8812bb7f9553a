/**
 * What the storm does besides buying: faults at the wallets, kill -9 of platforms and database, and
 * COMMITs cut before and after the server receives them.
 */
import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { FAULTS } from '../../sandbox/kit/kit.ts';
import { freezeBackendInBatch, freezePlatformInBatch } from '../chaos/in-flight.ts';
import { connect } from '../chaos/stage.ts';
import { call } from '../helpers/api.ts';
import { end, startAgain } from '../helpers/processes.ts';
import type { StormServer } from './database.ts';
import type { Stage } from './stage.ts';

export const STORM_FAULTS = FAULTS.filter((fault) => !fault.startsWith('bill_'));
const WALLETS = ['wechatpay', 'alipay', 'unionpay', 'jdpay'];
const FAULT_EVERY_MS = 700;
const FAULTS_AT_ONCE = 3;
const CUT_EVERY_MS = 2_500;
/** Every third kill is the database's. */
const KILL_PAUSE_MS = [5_000, 11_000] as const;

export interface Weather {
  readonly kills: () => { readonly platform: number; readonly database: number };
  readonly cuts: () => number;
  readonly stop: () => Promise<void>;
}

interface State {
  isOver: boolean;
  platformKills: number;
  databaseKills: number;
}

const oneOf = <T>(rows: readonly T[]): T => rows[randomInt(rows.length)] as T;

export function startWeather(stage: Stage, print: (line: string) => void): Weather {
  const state: State = { isOver: false, platformKills: 0, databaseKills: 0 };
  const loops = Promise.all([
    every(state, FAULT_EVERY_MS, () => armFaults(stage)),
    every(state, CUT_EVERY_MS, async () => orderCut(stage)),
    killing(stage, state, print),
  ]);
  return {
    kills: () => ({ platform: state.platformKills, database: state.databaseKills }),
    cuts: () => stage.platforms.reduce((sum, { line }) => sum + line.cuts(), 0),
    stop: async () => {
      state.isOver = true;
      await loops;
    },
  };
}

async function every(state: State, ms: number, act: () => Promise<void>): Promise<void> {
  while (!state.isOver) {
    await act();
    await sleep(ms);
  }
}

async function armFaults(stage: Stage): Promise<void> {
  for (let number = 0; number < FAULTS_AT_ONCE; number += 1) {
    const body = { fault: oneOf(STORM_FAULTS), wallet: oneOf(WALLETS), times: 1 };
    await call('POST', `${stage.sandboxUrl}/control/faults`, { body });
  }
}

/** At the next COMMIT of one platform: its whole line to the database goes. */
function orderCut(stage: Stage): void {
  const { line, isReady } = oneOf(stage.platforms);
  if (isReady()) line.cutAtCommit(oneOf(['before', 'after'] as const));
}

async function killing(stage: Stage, state: State, print: (line: string) => void): Promise<void> {
  await sleep(3_000);
  for (let number = 0; !state.isOver; number += 1) {
    await sleep(randomInt(...KILL_PAUSE_MS));
    if (state.isOver) return;
    if (number % 3 === 2) {
      const { servers } = stage.database;
      const server = servers[state.databaseKills % servers.length] ?? servers[0];
      await killServer(stage, server, number % 2 === 0);
      state.databaseKills += 1;
      print(`kill -9     ${server.name}`);
    } else {
      await killPlatform(stage, number % stage.platforms.length, number % 2 === 0);
      state.platformKills += 1;
      print(`kill -9     platform ${(number % stage.platforms.length) + 1}`);
    }
  }
}

async function killPlatform(stage: Stage, index: number, isInBatch: boolean): Promise<void> {
  const platform = stage.platforms[index];
  if (platform === undefined) return;
  const child = platform.process();
  if (isInBatch && child.pid !== undefined) {
    const admin = await connect(stage.database.url);
    await freezePlatformInBatch(admin, child.pid, stage.database.writers);
    await admin.end();
  }
  await end(child, 'SIGKILL');
  await platform.revive();
}

async function killServer(stage: Stage, server: StormServer, isInBatch: boolean): Promise<void> {
  if (isInBatch) {
    const admin = await connect(stage.database.url);
    await freezeBackendInBatch(admin, server.writers);
    await server.kill9();
    await admin.end().catch(() => undefined);
  } else await server.kill9();
  await startAgain(server);
}
