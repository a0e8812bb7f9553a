/**
 * The central bank's limit for static codes (grade D): one buyer pays at most 500 yuan a day with
 * one wallet by fixed, printed codes, whatever the authentication. The payer's wallet enforces it,
 * by Beijing's calendar; a platform only sees the refusal. A refund does not restore headroom
 * (unverified; the cautious interpretation).
 */
import type { Fen } from '../../src/kernel/money.ts';
import type { WalletName } from '../../src/kernel/wallet-names.ts';
import type { Clock } from '../../src/runtime/clock.ts';
import { beijingDate } from '../../src/wires/beijing-time.ts';
import type { Journal } from '../kit/kit.ts';

const STATIC_CODE_LIMIT_FEN: Fen = 500_00n;

export interface StaticCodeLimit {
  /** Takes the amount from today's headroom; undefined = it exceeds the headroom. */
  readonly take: (wallet: WalletName, amountFen: Fen) => Taken | undefined;
}

export interface Taken {
  /** The payment was not made. */
  readonly release: () => void;
}

interface Used {
  readonly date: string;
  readonly usedFen: Fen;
}

/** The sandbox has one buyer, so one counter per wallet; yesterday's is overwritten. */
export function openStaticCodeLimit(journal: Journal, clock: Clock): StaticCodeLimit {
  const used = journal.collection<Used>('phone.static_code_limit');
  const usedOn = (wallet: WalletName, date: string) => {
    const kept = used.get(wallet);
    return kept?.date === date ? kept.usedFen : 0n;
  };
  return {
    take: (wallet, amountFen) => {
      const date = beijingDate(clock.nowMs());
      const usedFen = usedOn(wallet, date) + amountFen;
      if (usedFen > STATIC_CODE_LIMIT_FEN) return undefined;
      used.put(wallet, { date, usedFen });
      return {
        release: () => {
          // A new day may have begun meanwhile: its total never included this amount.
          if (used.get(wallet)?.date !== date) return;
          used.put(wallet, { date, usedFen: usedOn(wallet, date) - amountFen });
        },
      };
    },
  };
}
