/**
 * Payment codes (付款码) that a wallet's app shows and a merchant scans: each lives a minute and pays
 * one order. A charged code still leads to its order, so that the phone can scan its own code when
 * the wallet asks the buyer to confirm, and so that the same order may be repeated.
 */
import type { CityKit } from './kit.ts';

/** The app shows a new code every minute; the old one is then worthless. */
const PAYMENT_CODE_LIFE_MS = 60_000;
/** Charged codes are kept for their orders; the oldest are dropped. */
const CODE_COUNT_MAX = 20_000;

interface PaymentCode {
  readonly code: string;
  readonly expiresAtMs: number;
  /** null = not charged yet. */
  readonly orderKey: string | null;
}

export type ChargeRefusal = 'unknown' | 'expired' | 'used';

export interface PaymentCodes {
  /** A new code; the wallet decides its format. */
  readonly show: () => string;
  /** Takes the code for this order; the same order may take it again. */
  readonly charge: (code: string, orderKey: string) => 'charged' | ChargeRefusal;
  /** The order that a code was charged for. */
  readonly orderOf: (code: string) => string | undefined;
}

export function openPaymentCodes(
  kit: CityKit,
  options: { readonly collection: string; readonly draw: () => string },
): PaymentCodes {
  const codes = kit.journal.collection<PaymentCode>(options.collection);

  /** Collections keep the order of their keys: the oldest come first. */
  function forgetOld(nowMs: number): void {
    for (const old of codes.values()) {
      const isWorthless = old.orderKey === null && nowMs >= old.expiresAtMs;
      if (!isWorthless && codes.size() < CODE_COUNT_MAX) return;
      codes.delete(old.code);
    }
  }

  return {
    show: () => {
      const nowMs = kit.clock.nowMs();
      forgetOld(nowMs);
      let code = options.draw();
      while (codes.get(code) !== undefined) code = options.draw();
      codes.put(code, { code, expiresAtMs: nowMs + PAYMENT_CODE_LIFE_MS, orderKey: null });
      return code;
    },
    charge: (code, orderKey) => {
      const known = codes.get(code);
      if (known === undefined) return 'unknown';
      if (known.orderKey !== null) return known.orderKey === orderKey ? 'charged' : 'used';
      if (kit.clock.nowMs() >= known.expiresAtMs) return 'expired';
      codes.put(code, { ...known, orderKey });
      return 'charged';
    },
    orderOf: (code) => codes.get(code)?.orderKey ?? undefined,
  };
}
