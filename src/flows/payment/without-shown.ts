/**
 * A wallet may repeat in its refusal what it was sent. A payment code and a tap work as money, and
 * a tap names a card: neither stands in what is stored, told or answered. What a wallet makes of
 * them (the token inside an EMV code, track 2 inside a tap) is not known here, so of a refusal to
 * something shown no long word with a digit in it is kept.
 */

import type { PayerIdentity } from '../../core/wallet/order.ts';
import type { WalletError } from '../../kernel/wallet-names.ts';

/** Also in groups, as codes are printed; shorter ones are amounts, dates and the wallet's codes. */
const LONG_WORD = /(?=[A-Za-z+/=*]*[0-9])[0-9A-Za-z+/=*]{12,}|[0-9](?:[ -]?[0-9]){11,}/g;

/** Of what may stand in a log or beside a configuration, whatever the call had carried. */
export function withoutLongWords(text: string): string {
  return text.replace(LONG_WORD, '…');
}

export function withoutShown(error: WalletError, payer: PayerIdentity): WalletError {
  const shown = [payer.authCode, payer.field55].filter((text) => text !== undefined);
  if (shown.length === 0) return error;
  const message = shown.reduce((text, secret) => text.replaceAll(secret, '…'), error.message);
  return { ...error, message: withoutLongWords(message) };
}
