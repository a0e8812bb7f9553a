/**
 * The gateway's own messages: only this file signs answers and callbacks. Refusals are signed, too,
 * so that a client may trust them.
 */
import { ANSWER } from '../../../src/wires/samplepay/canonical.ts';
import { type Fields, signedHeaders, writeFields } from '../../../src/wires/samplepay/message.ts';
import type { ComposedCallback, WireResponse } from '../../kit/kit.ts';
import type { Context } from './context.ts';
import { signingKey } from './identity.ts';

interface Message {
  readonly what: string;
  readonly merchant: string;
  readonly fields: Fields;
  /** The signature belongs to another body. */
  readonly isForged: boolean;
}

export function signedMessage({ kit }: Context, message: Message): ComposedCallback {
  const { what, merchant, fields, isForged } = message;
  const body = writeFields({ ...fields, merchant });
  const signed = isForged ? writeFields({ ...fields, merchant: `${merchant}0` }) : body;
  const nonce = kit.random.bytes(16).toString('hex');
  const nowMs = kit.wall.nowMs();
  const headers = signedHeaders(signingKey(kit), { what, merchant, body: signed, nowMs, nonce });
  return { headers, body };
}

export function answer(
  context: Context,
  said: Omit<Message, 'what'> & { readonly status?: number },
): WireResponse {
  const { status = 200, ...message } = said;
  return { status, ...signedMessage(context, { what: ANSWER, ...message }) };
}

/** After the operation was accepted: the client must query the same numbers. */
export const SERVER_ERROR: WireResponse = {
  status: 500,
  headers: { 'content-type': 'text/plain' },
  body: 'internal error',
};
