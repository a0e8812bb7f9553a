/**
 * Authenticates the caller, in WeChat Pay's order of checks: required headers, Authorization
 * present and well formed, timestamp window, merchant and serial known, signature. The window comes
 * before the signature, and everything is verified over the raw target and body. A refused
 * signature is explained: the string built from the wire and, if it can be determined, the one that
 * was signed.
 */
import { ok, type Result } from '../../../src/kernel/result.ts';
import { parseAuthorization } from '../../../src/wires/wechatpay/authorization.ts';
import { AGE_LIMIT_S } from '../../../src/wires/wechatpay/message.ts';
import { verifySha256 } from '../../../src/wires/wechatpay/signature.ts';
import type { CityKit, WireRequest } from '../../kit/kit.ts';
import { explainSignature, messageOf } from './explain.ts';
import type { Keys } from './identity.ts';
import type { OrderStore } from './order-store.ts';
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
  context: { readonly kit: CityKit; readonly store: OrderStore; readonly keys: Keys },
): Promise<Result<AccountRecord, Refusal>> {
  const { headers, path } = request;
  const needsHeaders = path === '/v3/certificates' || path.startsWith('/v3/refund/');
  if (needsHeaders && (!headers['user-agent'] || !headers.accept)) {
    return refuse(400, 'INVALID_REQUEST', 'Http头缺少Accept或User-Agent');
  }
  const parsed = parseAuthorization(headers.authorization);
  if (typeof parsed === 'string') return refusedFormat(path, parsed);
  const ageS = Math.floor(context.kit.wall.nowMs() / 1000) - Number(parsed.timestamp);
  if (Math.abs(ageS) > AGE_LIMIT_S) return refuse(401, 'SIGN_ERROR', SIGN_MESSAGES.timestamp);
  const account = context.store.accounts.get(parsed.mchid);
  // Some SDKs send the certificate's serial in lower case.
  if (account?.merchantSerial !== parsed.serialNo.toUpperCase()) {
    return refuse(401, 'SIGN_ERROR', SIGN_MESSAGES.serial);
  }
  const message = messageOf(request, parsed);
  const key = context.keys.merchantKey(account);
  if (await verifySha256(key, message, parsed.signature)) return ok(account);
  context.kit.explanations.add(await explainSignature({ request, parsed, account, key }));
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
