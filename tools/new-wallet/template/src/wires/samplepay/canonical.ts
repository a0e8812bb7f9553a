/**
 * The bytes that a signature covers: four lines, the last of them the raw body. The first line says
 * what the message is, so that no answer passes for a notification, nor one call for another.
 */
export interface SignedParts {
  /** `POST` and the path of a call; `ANSWER` and `NOTIFICATION` below. */
  readonly what: string;
  readonly timestamp: string;
  readonly nonce: string;
  readonly body: Buffer;
}

export const ANSWER = 'answer';
export const NOTIFICATION = 'notification';

export function whatOfCall(path: string): string {
  return `POST ${path}`;
}

export function signedBytes({ what, timestamp, nonce, body }: SignedParts): Buffer {
  return Buffer.concat([
    Buffer.from(`${what}\n${timestamp}\n${nonce}\n`, 'utf8'),
    body,
    Buffer.from('\n', 'utf8'),
  ]);
}
