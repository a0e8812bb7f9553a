/**
 * The shape of a payment code (付款码) of the Alipay app: digits, or the token of a paying face.
 * Which digits are Alipay's is the table's business (wires/qr), since wallets change prefixes.
 */
const DIGITS = /^\d{16,24}$/;
const FACE = /^fp[0-9A-Za-z_-]{33}$/;

export function isPaymentCode(text: string): boolean {
  return DIGITS.test(text) || FACE.test(text);
}
