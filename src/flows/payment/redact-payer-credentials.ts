/**
 * Redacts payer credentials. A wallet's refusal may echo what it was sent; a payment code and a tap
 * work as money, and a tap names a card: neither may be stored, logged or returned. The wallet may
 * have decoded them (the token inside an EMV code, track 2 inside a tap) in ways unknown here, so
 * every long token with a digit is removed from a refusal of something presented.
 */

import type { PayerIdentity } from '../../core/wallet/order.ts';
import type { WalletError } from '../../kernel/wallet-names.ts';

/** Also in groups, as codes are printed; shorter ones are amounts, dates and the wallet's codes. */
const LONG_TOKEN = /(?=[A-Za-z+/=*]*[0-9])[0-9A-Za-z+/=*]{12,}|[0-9](?:[ -]?[0-9]){11,}/g;

/** For logs and configurations, whatever the call carried. */
export function redactLongTokens(text: string): string {
  return text.replace(LONG_TOKEN, '…');
}

export function redactPayer(error: WalletError, payer: PayerIdentity): WalletError {
  const shown = [payer.authCode, payer.field55].filter((text) => text !== undefined);
  if (shown.length === 0) return error;
  const message = shown.reduce((text, secret) => text.replaceAll(secret, '…'), error.message);
  return { ...error, message: redactLongTokens(message) };
}
