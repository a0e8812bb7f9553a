/**
 * Base64 of keys, signatures and envelopes as wallets issue it, possibly broken into lines. Apart
 * from the breaks, bytes have one spelling only: no other alphabet, no missing padding, no stray
 * bits in the last character. Node's own decoder accepts all of these.
 */
export function canonicalBase64(text: string): Buffer | undefined {
  const whole = text.replace(/[\r\n\t ]/g, '');
  const bytes = Buffer.from(whole, 'base64');
  return bytes.length > 0 && bytes.toString('base64') === whole ? bytes : undefined;
}
