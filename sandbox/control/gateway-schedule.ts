/**
 * Runs the due work of gateways and the switch (expiry, settling refunds, the day's cut-off):
 * automatically as real time passes, and on demand while the clock is advanced. Never two runs at a
 * time, so that each processes its due work in order.
 */

import type { CityClock } from '../kit/city-clock.ts';
import type { DueGateways } from './advance.ts';
import { earliest } from './followers.ts';

const LOOK_EVERY_MS = 250;

/** A gateway, or the switch, which comes after the gateways whose day it closes. */
export interface DueParty {
  readonly nextDueMs: () => number | null;
  readonly runDue: (nowMs: number) => Promise<void> | void;
}

export interface GatewaySchedule extends DueGateways {
  readonly close: () => Promise<void>;
}

export function openGatewaySchedule(options: {
  readonly parties: readonly DueParty[];
  readonly clock: CityClock;
  readonly log: (line: string) => void;
}): GatewaySchedule {
  const { parties, clock, log } = options;
  let last: Promise<void> = Promise.resolve();
  const runDue = () => {
    const mine = last.then(() => runAll(parties, clock));
    last = mine.catch(() => undefined);
    return mine;
  };
  const nextDueMs = () => earliest(parties.map((party) => party.nextDueMs()));
  const look = () => {
    const next = nextDueMs();
    if (next === null || next > clock.nowMs()) return;
    runDue().catch((error: unknown) => {
      log(`error due work: ${error instanceof Error ? (error.stack ?? error.message) : 'unknown'}`);
    });
  };
  const timer = setInterval(look, LOOK_EVERY_MS).unref();
  return {
    nextDueMs,
    runDue,
    close: async () => {
      clearInterval(timer);
      await last;
    },
  };
}

async function runAll(parties: readonly DueParty[], clock: CityClock): Promise<void> {
  for (const party of parties) {
    const next = party.nextDueMs();
    if (next !== null && next <= clock.nowMs()) await party.runDue(clock.nowMs());
  }
}
