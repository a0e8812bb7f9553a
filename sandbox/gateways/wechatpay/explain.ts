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
import type { Explanation, WireRequest } from '../../kit/kit.ts';
import type { AccountRecord } from './records.ts';

export async function explainSignature(refused: {
  readonly request: WireRequest;
  readonly parsed: Authorization;
  readonly account: AccountRecord;
  readonly key: KeyObject;
}): Promise<Explanation> {
  const { request, parsed, account, key } = refused;
  const signed = await findSigned(request, parsed, (guess) =>
    verifySha256(key, guess, parsed.signature),
  );
  return {
    wallet: 'wechatpay',
    what: `${request.method} ${request.target} of mchid ${account.mchid}`,
    expected: messageOf(request, parsed).toString('utf8'),
    received: signed?.message ?? null,
    hint: signed?.hint ?? UNKNOWN_HINT,
  };
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
export function messageOf(request: WireRequest, parsed: Authorization): Buffer {
  const { method, target, body } = request;
  return requestMessage({ method, target, ...stampOf(parsed), body });
}

function stampOf(parsed: Authorization): { timestamp: string; nonce: string } {
  return { timestamp: parsed.timestamp, nonce: parsed.nonce };
}

const UNKNOWN_HINT =
  'none of the usual slips explains it: check that the private key belongs to serial_no, that ' +
  'the body was not changed after signing, and that target, timestamp and nonce are those sent';

/** The usual mistakes of developers, tried against the signature; the first match is named. */
async function findSigned(
  request: WireRequest,
  parsed: Authorization,
  isSigned: (message: Buffer) => Promise<boolean>,
): Promise<{ readonly message: string; readonly hint: string } | undefined> {
  const { method, target, path, body } = request;
  const stamp = stampOf(parsed);
  const full = requestMessage({ method, target, ...stamp, body });
  const guesses: [string, Buffer][] = [
    ['the last line feed is missing', full.subarray(0, -1)],
    ['the query string was left out', requestMessage({ method, target: path, ...stamp, body })],
    ['the body was left out', requestMessage({ method, target, ...stamp, body: Buffer.alloc(0) })],
    ['the target was decoded', requestMessage({ method, target: decoded(target), ...stamp, body })],
    [
      'the host was signed with the target',
      requestMessage({ method, target: `${request.headers.host}${target}`, ...stamp, body }),
    ],
    ['the method was not upper case', lowerCased(request, stamp)],
    ['the body was serialised again after signing', reserialised(request, stamp)],
  ];
  for (const [hint, message] of guesses) {
    if (await isSigned(message)) return { message: message.toString('utf8'), hint };
  }
  return undefined;
}

function lowerCased(request: WireRequest, stamp: { timestamp: string; nonce: string }): Buffer {
  const { method, target, body } = request;
  return requestMessage({ method: method.toLowerCase(), target, ...stamp, body });
}

function reserialised(request: WireRequest, stamp: { timestamp: string; nonce: string }): Buffer {
  const { method, target, body } = request;
  const record = parseRecord(body.toString('utf8'));
  const again = record === undefined ? body : Buffer.from(JSON.stringify(record));
  return requestMessage({ method, target, ...stamp, body: again });
}

function decoded(target: string): string {
  try {
    return decodeURIComponent(target);
  } catch {
    return target;
  }
}
