/**
 * Runs what gateways owe (expiry, settling refunds): by itself as real time passes, and on demand
 * while the clock is advanced. Never two runs at a time, so a gateway sees its due work in order.
 */
import type { DueGateways } from './control/advance.ts';
import { earliest } from './control/followers.ts';
import type { CityClock } from './kit/city-clock.ts';
import type { Gateway } from './kit/kit.ts';

const LOOK_EVERY_MS = 250;

export interface GatewaySchedule extends DueGateways {
  readonly close: () => Promise<void>;
}

export function openGatewaySchedule(options: {
  readonly gateways: readonly Gateway[];
  readonly clock: CityClock;
  readonly log: (line: string) => void;
}): GatewaySchedule {
  const { gateways, clock, log } = options;
  let last: Promise<void> = Promise.resolve();
  const runDue = () => {
    const mine = last.then(() => runAll(gateways, clock));
    last = mine.catch(() => undefined);
    return mine;
  };
  const nextDueMs = () => earliest(gateways.map((gateway) => gateway.nextDueMs()));
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

async function runAll(gateways: readonly Gateway[], clock: CityClock): Promise<void> {
  for (const gateway of gateways) {
    const next = gateway.nextDueMs();
    if (next !== null && next <= clock.nowMs()) await gateway.runDue(clock.nowMs());
  }
}
