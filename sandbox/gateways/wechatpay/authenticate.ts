/**
 * Who calls, in the order of checks that WeChat Pay shows: needed headers, Authorization present
 * and well formed, timestamp window, merchant and serial known, signature. The window comes before
 * the signature, and everything is verified over the raw target and body. A refused signature is
 * explained: the string built from the wire and, where it can be told, the one that was signed.
 */
import { ok, type Result } from '../../../src/kernel/result.ts';
import {
  type Authorization,
  parseAuthorization,
} from '../../../src/wires/wechatpay/authorization.ts';
import { requestMessage } from '../../../src/wires/wechatpay/canonical.ts';
import { parseRecord } from '../../../src/wires/wechatpay/json.ts';
import { AGE_LIMIT_S } from '../../../src/wires/wechatpay/message.ts';
import { verifySha256 } from '../../../src/wires/wechatpay/signature.ts';
import type { CityKit, WireRequest } from '../../kit/kit.ts';
import type { KeyCabinet } from './identity.ts';
import type { Books } from './order-store.ts';
import type { AccountRecord } from './records.ts';
import { type Refusal, refuse } from './refusal.ts';

/** Their messages are shown on authenticated and unauthenticated calls alike. */
const SIGN_MESSAGES = {
  format: 'Http头Authorization值格式错误，请参考《微信支付商户REST API签名规则》',
  paymentScheme: '签名信息错误，验签失败',
  timestamp: 'Http头Authorization中的timestamp与发起请求的时间不得超过5分钟',
  serial: '商户证书序列号有误',
  signature: '签名错误',
} as const;

const SHOWN_CHARS_MAX = 256;

export async function authenticate(
  request: WireRequest,
  gateway: { readonly kit: CityKit; readonly books: Books; readonly keys: KeyCabinet },
): Promise<Result<AccountRecord, Refusal>> {
  const { headers, path } = request;
  const needsHeaders = path === '/v3/certificates' || path.startsWith('/v3/refund/');
  if (needsHeaders && (!headers['user-agent'] || !headers.accept)) {
    return refuse(400, 'INVALID_REQUEST', 'Http头缺少Accept或User-Agent');
  }
  const parsed = parseAuthorization(headers.authorization);
  if (typeof parsed === 'string') return refusedFormat(path, parsed);
  const ageS = Math.floor(gateway.kit.wall.nowMs() / 1000) - Number(parsed.timestamp);
  if (Math.abs(ageS) > AGE_LIMIT_S) return refuse(401, 'SIGN_ERROR', SIGN_MESSAGES.timestamp);
  const account = gateway.books.accounts.get(parsed.mchid);
  // Some SDKs read the serial out of the certificate in lower case.
  if (account?.merchantSerial !== parsed.serialNo.toUpperCase()) {
    return refuse(401, 'SIGN_ERROR', SIGN_MESSAGES.serial);
  }
  const message = messageOf(request, parsed);
  const key = gateway.keys.merchantKey(account);
  if (await verifySha256(key, message, parsed.signature)) return ok(account);
  const signed = await findSigned(request, parsed, (guess) =>
    verifySha256(key, guess, parsed.signature),
  );
  gateway.kit.explanations.add({
    wallet: 'wechatpay',
    what: `${request.method} ${request.target} of mchid ${account.mchid}`,
    expected: message.toString('utf8'),
    received: signed?.message ?? null,
    hint: signed?.hint ?? UNKNOWN_HINT,
  });
  return refusedSignature(request, message);
}

function refusedFormat(path: string, flaw: 'scheme' | 'parameters'): Result<never, Refusal> {
  if (flaw === 'parameters' || !path.startsWith('/v3/pay/')) {
    return refuse(401, 'SIGN_ERROR', SIGN_MESSAGES.format);
  }
  const body = { code: 'SIGN_ERROR', message: SIGN_MESSAGES.paymentScheme };
  return { ok: false, error: { status: 401, body, withoutRequestId: true } };
}

function refusedSignature(request: WireRequest, message: Buffer): Result<never, Refusal> {
  return refuse(401, 'SIGN_ERROR', SIGN_MESSAGES.signature, {
    issue: 'sign not match',
    field: 'signature',
    location: 'authorization',
    sign_information: {
      method: request.method,
      url: request.target,
      truncated_sign_message: message.toString('utf8').slice(0, SHOWN_CHARS_MAX),
      sign_message_length: message.length,
    },
  });
}

function messageOf(request: WireRequest, parsed: Authorization): Buffer {
  const { method, target, body } = request;
  return requestMessage({ method, target, ...stampOf(parsed), body });
}

function stampOf(parsed: Authorization): { timestamp: string; nonce: string } {
  return { timestamp: parsed.timestamp, nonce: parsed.nonce };
}

const UNKNOWN_HINT =
  'none of the usual slips explains it: check that the private key belongs to serial_no, that ' +
  'the body was not changed after signing, and that target, timestamp and nonce are those sent';

/** The slips that developers make, tried against the signature; the first that fits is named. */
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
