/**
 * Logs every delivery of a callback in one line: the newest in memory for the control, all of them
 * in a file beside the journal. Bodies and headers are not logged; they hold the buyer's ids.
 */
import { mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { WalletName } from '../../src/kernel/wallet-names.ts';
import type { FaultName } from './kit.ts';
import { openLineFile } from './line-file.ts';

const FILE_NAME = 'deliveries.jsonl';
const KEPT_COUNT_MAX = 500;
/** A longer file is started anew at the next start. */
const FILE_BYTES_MAX = 32 << 20;

export interface Delivery {
  readonly atMs: number;
  readonly wallet: WalletName;
  readonly kind: string;
  readonly orderNo: string;
  readonly url: string;
  /** 1 = the first delivery. */
  readonly tryNo: number;
  readonly outcome: 'acknowledged' | 'refused' | 'failed' | 'lost' | 'put_off' | 'given_up';
  /** HTTP status, or why there was none. */
  readonly answer: string;
  readonly fault: FaultName | null;
  readonly tookMs: number;
}

export interface DeliveryLog {
  readonly add: (delivery: Delivery) => void;
  /** Newest first. */
  readonly recent: () => Delivery[];
  /** How many since the start. */
  readonly count: () => number;
  readonly close: () => void;
}

export function openDeliveryLog(dir: string): DeliveryLog {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const path = join(dir, FILE_NAME);
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat !== undefined && stat.size > FILE_BYTES_MAX) rmSync(path);
  const file = openLineFile(path);
  const kept: Delivery[] = [];
  let count = 0;
  return {
    add: (delivery) => {
      count += 1;
      kept.push(delivery);
      if (kept.length > KEPT_COUNT_MAX) kept.shift();
      file.append(JSON.stringify(delivery));
    },
    recent: () => [...kept].reverse(),
    count: () => count,
    close: file.close,
  };
}
