/**
 * Is a wallet answering? Counted per marketplace over a sliding minute; a wallet that mostly says
 * nothing is withheld from new offers for half a minute, then tried again. Nothing else depends on
 * it: an attempt that is asked for by name still goes to the wallet.
 */
import type { Id } from '../core/id.ts';
import type { WalletName } from '../core/wallet.ts';
import type { Clock } from '../runtime/clock.ts';

const WINDOW_MS = 60_000;
const REST_MS = 30_000;
const CALLS_MIN = 10;
const UNKNOWN_SHARE_MAX = 0.8;

export interface WalletHealth {
  readonly record: (marketplace: Id<'marketplace'>, wallet: WalletName, answered: boolean) => void;
  readonly isHealthy: (marketplace: Id<'marketplace'>, wallet: WalletName) => boolean;
}

interface Window {
  startedMs: number;
  calls: number;
  unknown: number;
  restsUntilMs: number;
}

export function createWalletHealth(wall: Clock): WalletHealth {
  const windows = new Map<string, Window>();
  return {
    record: (marketplace, wallet, answered) => {
      const key = `${marketplace} ${wallet}`;
      const nowMs = wall.nowMs();
      let window = windows.get(key);
      if (window === undefined || nowMs - window.startedMs > WINDOW_MS) {
        window = {
          startedMs: nowMs,
          calls: 0,
          unknown: 0,
          restsUntilMs: window?.restsUntilMs ?? 0,
        };
        windows.set(key, window);
      }
      window.calls += 1;
      if (!answered) window.unknown += 1;
      const isBad = window.calls >= CALLS_MIN && window.unknown / window.calls >= UNKNOWN_SHARE_MAX;
      if (isBad) {
        window.restsUntilMs = nowMs + REST_MS;
        window.calls = 0;
        window.unknown = 0;
      }
    },
    isHealthy: (marketplace, wallet) =>
      (windows.get(`${marketplace} ${wallet}`)?.restsUntilMs ?? 0) <= wall.nowMs(),
  };
}
