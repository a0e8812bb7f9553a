/**
 * The wallet's rules read a second time, from the document alone: it imports nothing of the wire.
 * An SDK that we did not write, unmodified, is better still and takes its place where there is one.
 */
import { randomBytes, sign, verify } from 'node:crypto';

export function headersFor(
  sdk: { readonly merchant: string; readonly private_key: string },
  path: string,
  body: string,
): Record<string, string> {
  const timestamp = String(Math.floor(Date.now() / 1_000));
  const nonce = randomBytes(8).toString('hex');
  const text = `POST ${path}\n${timestamp}\n${nonce}\n${body}\n`;
  return {
    'content-type': 'application/json; charset=utf-8',
    'samplepay-merchant': sdk.merchant,
    'samplepay-timestamp': timestamp,
    'samplepay-nonce': nonce,
    'samplepay-signature': sign('sha256', Buffer.from(text), sdk.private_key).toString('base64'),
  };
}

export function isGenuine(
  walletPublicKey: string,
  headers: Readonly<Record<string, string | undefined>>,
  body: string,
): boolean {
  const of = (name: string) => headers[`samplepay-${name}`] ?? '';
  const text = `answer\n${of('timestamp')}\n${of('nonce')}\n${body}\n`;
  const signature = Buffer.from(of('signature'), 'base64');
  return verify('sha256', Buffer.from(text), walletPublicKey, signature);
}
