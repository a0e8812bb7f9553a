/**
 * Explains to a developer why a signature was refused: the text that the gateway verified and, if
 * one of the usual mistakes explains the signature, the text that was signed instead. Runs only
 * after a refusal; it never makes a request acceptable.
 */
import type { KeyObject } from 'node:crypto';
import { signedBytes, whatOfCall } from '../../../src/wires/samplepay/canonical.ts';
import { HEADERS } from '../../../src/wires/samplepay/message.ts';
import { verifyBytes } from '../../../src/wires/samplepay/signature.ts';
import { WALLET } from '../../../src/wires/samplepay/trade.ts';
import type { Explanation, WireRequest } from '../../kit/kit.ts';

interface Guess {
  readonly bytes: Buffer;
  readonly mistake: string;
}

export function explainRefusal(key: KeyObject, request: WireRequest): Explanation {
  const { path, headers, body } = request;
  const timestamp = headers[HEADERS.timestamp] ?? '';
  const nonce = headers[HEADERS.nonce] ?? '';
  const parts = { what: whatOfCall(path), timestamp, nonce, body };
  const expected = signedBytes(parts);
  const guesses: readonly Guess[] = [
    { bytes: expected.subarray(0, -1), mistake: 'the line break after the body is signed too' },
    { bytes: signedBytes({ ...parts, what: path }), mistake: 'the method is signed too' },
    { bytes: signedBytes({ ...parts, body: Buffer.alloc(0) }), mistake: 'the body is signed too' },
    { bytes: body, mistake: 'more than the body is signed' },
  ];
  const signature = headers[HEADERS.signature] ?? '';
  const guess = guesses.find(({ bytes }) => verifyBytes(key, bytes, signature));
  return {
    wallet: WALLET,
    what: `POST ${path}`,
    expected: expected.toString('utf8'),
    received: guess?.bytes.toString('utf8') ?? null,
    hint:
      guess?.mistake ?? 'another private key, or a body that was serialized again after signing',
  };
}
