/** How a payment code (付款码) of the Alipay app looks: digits, or the token of a paying face. */
const DIGITS = /^(2[5-9]|30)\d{14,22}$/;
const FACE = /^fp[0-9A-Za-z_-]{33}$/;

export function isPaymentCode(text: string): boolean {
  return DIGITS.test(text) || FACE.test(text);
}
