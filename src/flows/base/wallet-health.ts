/**
 * Is a wallet answering? Counted per configuration over a sliding minute, since one account may be
 * refused while another is not. A configuration whose calls mostly get no answer is withheld from
 * new offers for half a minute, then tried again. Nothing else depends on it: an attempt that names
 * its wallet is still sent there.
 */
import type { Id } from '../../kernel/id.ts';
import type { Clock } from '../../runtime/clock.ts';

const WINDOW_MS = 60_000;
const REST_MS = 30_000;
const CALLS_MIN = 10;
const UNKNOWN_SHARE_MAX = 0.8;

export interface WalletHealth {
  readonly record: (config: Id<'wallet_config'>, answered: boolean) => void;
  readonly isHealthy: (config: Id<'wallet_config'>) => boolean;
}

interface Window {
  startedMs: number;
  calls: number;
  unknown: number;
  restsUntilMs: number;
}

export function createWalletHealth(wall: Clock): WalletHealth {
  const windows = new Map<Id<'wallet_config'>, Window>();
  return {
    record: (config, answered) => {
      const nowMs = wall.nowMs();
      let window = windows.get(config);
      if (window === undefined || nowMs - window.startedMs > WINDOW_MS) {
        window = {
          startedMs: nowMs,
          calls: 0,
          unknown: 0,
          restsUntilMs: window?.restsUntilMs ?? 0,
        };
        windows.set(config, window);
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
    isHealthy: (config) => (windows.get(config)?.restsUntilMs ?? 0) <= wall.nowMs(),
  };
}
