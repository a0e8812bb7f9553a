/** How a payment code (付款码) of the WeChat app looks: 18 digits that begin with 10 to 15. */
export function isPaymentCode(text: string): boolean {
  return /^1[0-5]\d{16}$/.test(text);
}
