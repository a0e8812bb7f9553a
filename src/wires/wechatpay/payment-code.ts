/**
 * The shape of a payment code (付款码) of the WeChat app. Which digits are WeChat Pay's is the
 * table's business (wires/qr), since wallets change prefixes.
 */
export function isPaymentCode(text: string): boolean {
  return /^\d{18}$/.test(text);
}
