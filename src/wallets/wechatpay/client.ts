/**
 * One signed exchange with the API. It signs the exact target that it sends, sends
 * `Wechatpay-Serial` on every call in public-key mode, and trusts a 2xx only after verifying its
 * signature over the raw body. Anything that cannot be trusted is `lost`: the operation may have
 * happened.
 */
import { err, ok, type Result } from '../../kernel/result.ts';
import type { WalletError } from '../../kernel/wallet-names.ts';
import type { HttpResponse } from '../../runtime/http-client.ts';
import { formatAuthorization } from '../../wires/wechatpay/authorization.ts';
import { requestMessage } from '../../wires/wechatpay/canonical.ts';
import { parseErrorBody } from '../../wires/wechatpay/error-body.ts';
import { type JsonRecord, parseRecord } from '../../wires/wechatpay/json.ts';
import { readSignatureHeaders, verifyMessage } from '../../wires/wechatpay/message.ts';
import { signSha256 } from '../../wires/wechatpay/signature.ts';
import { PATHS } from '../../wires/wechatpay/trade.ts';
import { misconfigured } from '../answers.ts';
import type { WalletSeams } from '../wallet.ts';
import type { WechatpayConfig } from './config.ts';
import { type Keys, openKeys } from './keys.ts';
import { CREDENTIAL_REFUSALS } from './statuses.ts';

export interface ApiCall {
  readonly method: 'GET' | 'POST';
  /** Path and query, percent-encoded already. */
  readonly target: string;
  readonly body?: JsonRecord;
}

/** `refused`: the wallet's own error body. `lost`: no answer that can be trusted. */
export type CallFailure =
  | { readonly kind: 'refused'; readonly status: number; readonly walletError: WalletError }
  | { readonly kind: 'lost'; readonly walletError: WalletError };

/** The meaning of a refusal in one call's table; a lost answer has none. */
export function refusedAs<T>(
  failure: CallFailure,
  meaningIn: (status: number, code: string) => T,
): T | 'unknown' {
  return failure.kind === 'refused'
    ? meaningIn(failure.status, failure.walletError.code)
    : 'unknown';
}

export interface Client {
  /** The verified body; an empty record for 204. `status` tells 202 from 200. */
  readonly call: (
    call: ApiCall,
  ) => Promise<Result<{ readonly status: number; readonly body: JsonRecord }, CallFailure>>;
  readonly keys: Keys;
}

const TIMEOUT_MS = 10_000;
const USER_AGENT = 'hutong/0.2 (wechatpay; node)';

export function openClient(config: WechatpayConfig, seams: WalletSeams): Client {
  const keys = openKeys(config, seams, downloadCertificates);

  async function downloadCertificates(): Promise<JsonRecord | undefined> {
    const sent = await send({ method: 'GET', target: PATHS.certificates });
    // Not verified here: the list may be signed by the very key it contains. AEAD authenticates it.
    if (!sent.ok || sent.value.status !== 200) return undefined;
    return parseRecord(sent.value.body.toString('utf8'));
  }

  async function send(call: ApiCall): Promise<Result<HttpResponse, CallFailure>> {
    const body = call.body === undefined ? '' : JSON.stringify(call.body);
    const headers: Record<string, string> = {
      accept: 'application/json',
      'user-agent': USER_AGENT,
      authorization: await authorize(call, body),
    };
    if (call.body !== undefined) headers['content-type'] = 'application/json; charset=utf-8';
    if (config.keyMode === 'public_key' && config.publicKeyId !== null) {
      headers['wechatpay-serial'] = config.publicKeyId;
    }
    const sent = await seams.http.send({
      method: call.method,
      url: `${config.endpoints.api}${call.target}`,
      headers,
      timeoutMs: TIMEOUT_MS,
      ...(call.body === undefined ? {} : { body }),
    });
    if (sent.ok) return sent;
    return lost(`HTTP_${sent.error.kind.toUpperCase()}`, sent.error.message, null);
  }

  async function authorize(call: ApiCall, body: string): Promise<string> {
    const timestamp = String(Math.floor(seams.wall.nowMs() / 1000));
    const nonce = seams.random.bytes(16).toString('hex').toUpperCase();
    const { method, target } = call;
    const message = requestMessage({ method, target, timestamp, nonce, body: Buffer.from(body) });
    const signature = await signSha256(config.privateKey, message);
    const { mchid, serialNo } = config;
    return formatAuthorization({ mchid, nonce, signature, timestamp, serialNo });
  }

  async function call(
    request: ApiCall,
  ): Promise<Result<{ readonly status: number; readonly body: JsonRecord }, CallFailure>> {
    const sent = await send(request);
    if (!sent.ok) return sent;
    const response = sent.value;
    const requestId = response.headers['request-id'] ?? null;
    if (response.status < 200 || response.status > 299) return refusal(response, requestId);
    const flaw = await checkSignature(response);
    if (flaw !== undefined) return lost('UNVERIFIABLE_ANSWER', flaw, requestId);
    if (response.body.length === 0) return ok({ status: response.status, body: {} });
    const body = parseRecord(response.body.toString('utf8'));
    if (body === undefined) return lost('UNREADABLE_ANSWER', 'not a JSON object', requestId);
    return ok({ status: response.status, body });
  }

  async function checkSignature(response: HttpResponse): Promise<string | undefined> {
    const headers = readSignatureHeaders(response.headers, seams.wall.nowMs());
    if (!headers.ok) return headers.error.explain;
    const key = await keys.find(headers.value.serial);
    const verified = await verifyMessage(headers.value, response.body, key);
    return verified.ok ? undefined : verified.error.explain;
  }

  return { call, keys };
}

function refusal(response: HttpResponse, requestId: string | null): Result<never, CallFailure> {
  const { status } = response;
  const body = parseErrorBody(response.body);
  if (body === undefined) {
    return lost(`HTTP_${status}`, `HTTP ${status} without an error body`, requestId);
  }
  const { code } = body;
  const said: WalletError = {
    ...{ wallet: 'wechatpay', code, requestId },
    message: safeText(body.message),
  };
  const walletError = CREDENTIAL_REFUSALS.has(`${status} ${code}`) ? misconfigured(said) : said;
  return err({ kind: 'refused', status, walletError });
}

/** Truncated, with anything that looks like an openid or a token removed. */
function safeText(message: string): string {
  return message.replace(/[0-9A-Za-z_-]{26,}/g, '…').slice(0, 200);
}

function lost(code: string, message: string, requestId: string | null): Result<never, CallFailure> {
  return err({
    kind: 'lost',
    walletError: { wallet: 'wechatpay', code, message: safeText(message), requestId },
  });
}
