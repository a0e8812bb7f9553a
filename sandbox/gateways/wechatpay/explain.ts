/**
 * Explains to a developer why a signature was refused: the string built from the wire and, if one
 * of the usual mistakes explains the signature, the one that was signed. Runs only after a refusal;
 * it never makes a request acceptable.
 */

import type { KeyObject } from 'node:crypto';
import type { Authorization } from '../../../src/wires/wechatpay/authorization.ts';
import { requestMessage } from '../../../src/wires/wechatpay/canonical.ts';
import { parseRecord } from '../../../src/wires/wechatpay/json.ts';
import type { V2Fields } from '../../../src/wires/wechatpay/message-v2.ts';
import { verifySha256 } from '../../../src/wires/wechatpay/signature.ts';
import { v2SignText } from '../../../src/wires/wechatpay/signature-v2.ts';
import type { V2Path } from '../../../src/wires/wechatpay/trade.ts';
import { explained, findGuess, type Guess } from '../../kit/explain.ts';
import type { Explanation, WireRequest } from '../../kit/kit.ts';
import type { AccountRecord } from './records.ts';

export async function explainSignature(refused: {
  readonly request: WireRequest;
  readonly parsed: Authorization;
  readonly account: AccountRecord;
  readonly key: KeyObject;
}): Promise<Explanation> {
  const { request, parsed, account, key } = refused;
  const guess = await findGuess(guesses(request, parsed), ({ message }) =>
    verifySha256(key, message, parsed.signature),
  );
  const what = `${request.method} ${request.target} of mchid ${account.mchid}`;
  const expected = messageOf(request, parsed).toString('utf8');
  return explained({ wallet: 'wechatpay', what, expected }, guess, UNKNOWN_HINT);
}

export function explainSignatureV2(
  path: V2Path,
  account: AccountRecord,
  fields: V2Fields,
): Explanation {
  return {
    wallet: 'wechatpay',
    what: `POST ${path} of mch_id ${account.mchid}`,
    // Without the buyer's code: it may still be worth money.
    expected: `${v2SignText(fields).replace(/auth_code=[^&]*/, 'auth_code=…')}&key=<APIv2 key>`,
    received: null,
    hint: 'every field but sign and the empty ones, sorted, then &key= and the APIv2 key; MD5 or HMAC-SHA256 by sign_type; upper-case hex',
  };
}

/** What the request's signature must cover. */
export function messageOf(request: WireRequest, { timestamp, nonce }: Authorization): Buffer {
  const { method, target, body } = request;
  return requestMessage({ method, target, timestamp, nonce, body });
}

const UNKNOWN_HINT =
  'none of the usual slips explains it: check that the private key belongs to serial_no, that ' +
  'the body was not changed after signing, and that target, timestamp and nonce are those sent';

/** The usual mistakes of developers. */
function guesses(
  request: WireRequest,
  parsed: Authorization,
): readonly (Guess & { readonly message: Buffer })[] {
  const { method, target, path, body, headers } = request;
  const signed = (changed: Partial<WireRequest>) => messageOf({ ...request, ...changed }, parsed);
  const messages: readonly (readonly [mistake: string, message: Buffer])[] = [
    ['the last line feed is missing', signed({}).subarray(0, -1)],
    ['the query string was left out', signed({ target: path })],
    ['the body was left out', signed({ body: Buffer.alloc(0) })],
    ['the target was decoded', signed({ target: decoded(target) })],
    ['the host was signed with the target', signed({ target: `${headers.host}${target}` })],
    ['the method was not upper case', signed({ method: method.toLowerCase() })],
    ['the body was serialised again after signing', signed({ body: reserialised(body) })],
  ];
  return messages.map(([mistake, message]) => {
    return { mistake, message, text: message.toString('utf8') };
  });
}

function reserialised(body: Buffer): Buffer {
  const record = parseRecord(body.toString('utf8'));
  return record === undefined ? body : Buffer.from(JSON.stringify(record));
}

function decoded(target: string): string {
  try {
    return decodeURIComponent(target);
  } catch {
    return target;
  }
}
