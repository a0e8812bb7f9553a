/**
 * Calls over protocol v2, and the signing of requests that a browser or app submits for us.
 *
 * An answer is trusted only if its signature verifies; everything else (timeouts, other HTTP
 * statuses, HTML, unsigned or badly signed answers) is `unknown`, with the wallet's message for the
 * log. v3 is not used for money: its error answers are not signed.
 */
import type { WalletError } from '../../kernel/wallet-names.ts';
import { requestSignText } from '../../wires/alipay/canonical.ts';
import { type JsonObject, textField } from '../../wires/alipay/json-text.ts';
import { readV2Answer, type V2Answer } from '../../wires/alipay/message.ts';
import { encodeParameters } from '../../wires/alipay/parameters.ts';
import { signRsa2 } from '../../wires/alipay/signature.ts';
import { formatTime } from '../../wires/alipay/time.ts';
import { misconfigured } from '../answers.ts';
import type { WalletSeams } from '../wallet.ts';
import type { AlipayConfig } from './config.ts';
import { type Keys, openKeys } from './keys.ts';
import { CREDENTIAL_REFUSALS } from './statuses.ts';

export interface ApiCall {
  readonly method: string;
  readonly content?: JsonObject;
  readonly notifyUrl?: string | null;
  readonly returnUrl?: string | null;
  /** Parameters beside biz_content (alipay.system.oauth.token has its own). */
  readonly extra?: Readonly<Record<string, string>>;
}

export type Called =
  | {
      readonly kind: 'answered';
      readonly fields: JsonObject;
      /** Alipay's gateway code; `10000` for a method that answers without one. */
      readonly code: string;
      readonly subCode: string | null;
      readonly error: WalletError;
    }
  | { readonly kind: 'unknown'; readonly error: WalletError | null };

export interface Client {
  readonly keys: Keys;
  readonly call: (call: ApiCall) => Promise<Called>;
  /** alipay.trade.query. */
  readonly query: (orderNo: string) => Promise<Called>;
  /** All parameters of a request, `sign` last. */
  readonly signedParameters: (call: ApiCall) => Promise<Map<string, string>>;
}

const CALL_TIMEOUT_MS = 10_000;

export function openClient(config: AlipayConfig, seams: WalletSeams): Client {
  const signedParameters = (call: ApiCall) => signCall(config, seams, call);
  const exchange = async (call: ApiCall) => {
    const parameters = await signedParameters(call);
    return seams.http.send({ ...placeParameters(config, parameters), timeoutMs: CALL_TIMEOUT_MS });
  };
  const download = async (certSn: string) => {
    const method = 'alipay.open.app.alipaycert.download';
    const sent = await exchange({ method, content: { alipay_cert_sn: certSn } });
    if (!sent.ok) return undefined;
    // This answer is not signed; the chain of the certificate in it is verified instead.
    const answer = readV2Answer(sent.value.body.toString('utf8'), method);
    const encoded = answer && textField(answer.fields, 'alipay_cert_content');
    return encoded === undefined ? undefined : Buffer.from(encoded, 'base64').toString('utf8');
  };
  const call = async (asked: ApiCall): Promise<Called> => {
    const sent = await exchange(asked);
    if (!sent.ok) return unknownBecause(`http.${sent.error.kind}`, sent.error.message, null);
    const { status, headers, body } = sent.value;
    const requestId = headers.trace_id ?? null;
    if (status !== 200) {
      return unknownBecause(`http.${status}`, 'not an answer of the gateway', requestId);
    }
    const answer = readV2Answer(body.toString('utf8'), asked.method);
    if (answer === undefined) {
      return unknownBecause('unreadable', 'not an answer to this method', requestId);
    }
    return judge(keys, answer, requestId);
  };
  const ask = async () => void (await call(NO_SUCH_TRADE));
  const keys = openKeys(config.trust, seams.wall, { download, ask });
  const query = (orderNo: string) =>
    call({ method: 'alipay.trade.query', content: { out_trade_no: orderNo } });
  return { keys, signedParameters, call, query };
}

/** Its "does not exist" is signed like any other answer, and names the current certificate. */
const NO_SUCH_TRADE: ApiCall = {
  method: 'alipay.trade.query',
  content: { out_trade_no: 'HUTONG0CERTIFICATE0OF0TODAY' },
};

async function judge(keys: Keys, answer: V2Answer, requestId: string | null): Promise<Called> {
  const error = walletErrorOf(answer.fields, requestId);
  if (answer.sign === null) return { kind: 'unknown', error };
  const { signedText: text, sign, certSn } = answer;
  const verdict = await keys.verifyAnswer({ text, sign, certSn });
  if (verdict !== 'valid') {
    return unknownBecause(verdict, 'the answer is not signed by Alipay', requestId);
  }
  const code = textField(answer.fields, 'code') ?? (answer.isErrorResponse ? '' : '10000');
  const subCode = textField(answer.fields, 'sub_code') ?? null;
  return { kind: 'answered', fields: answer.fields, code, subCode, error };
}

async function signCall(
  config: AlipayConfig,
  seams: WalletSeams,
  call: ApiCall,
): Promise<Map<string, string>> {
  const parameters = new Map<string, string>([
    ['app_id', config.appId],
    ['method', call.method],
    ['format', 'JSON'],
    ['charset', 'utf-8'],
    ['sign_type', 'RSA2'],
    ['timestamp', formatTime(seams.wall.nowMs())],
    ['version', '1.0'],
  ]);
  if (config.trust.mode === 'certificate') {
    parameters.set('app_cert_sn', config.trust.appCertSn);
    parameters.set('alipay_root_cert_sn', config.trust.rootCertSn);
  }
  if (call.notifyUrl) parameters.set('notify_url', call.notifyUrl);
  if (call.returnUrl) parameters.set('return_url', call.returnUrl);
  for (const [name, value] of Object.entries(call.extra ?? {})) parameters.set(name, value);
  if (call.content !== undefined) parameters.set('biz_content', JSON.stringify(call.content));
  parameters.set('sign', await signRsa2(requestSignText(parameters), config.privateKey));
  return parameters;
}

/** As Alipay's own SDKs do it: public parameters in the query, biz_content in the body. */
export function splitParameters(parameters: ReadonlyMap<string, string>): {
  readonly query: string;
  readonly fields: Readonly<Record<string, string>>;
} {
  const inBody = (name: string) => name === 'biz_content' || name === 'code';
  const query = encodeParameters([...parameters].filter(([name]) => !inBody(name)));
  const fields = Object.fromEntries([...parameters].filter(([name]) => inBody(name)));
  return { query, fields };
}

function placeParameters(config: AlipayConfig, parameters: ReadonlyMap<string, string>) {
  const { query, fields } = splitParameters(parameters);
  return {
    method: 'POST',
    url: `${config.endpoints.gateway}?${query}`,
    headers: {
      'content-type': 'application/x-www-form-urlencoded;charset=utf-8',
      accept: 'application/json',
    },
    body: encodeParameters(Object.entries(fields)),
  };
}

function unknownBecause(code: string, message: string, requestId: string | null): Called {
  return { kind: 'unknown', error: { wallet: 'alipay', code, message, requestId } };
}

/** The wallet's own message. The text that isv.invalid-signature echoes holds buyer ids: cut. */
function walletErrorOf(fields: JsonObject, requestId: string | null): WalletError {
  const code = textField(fields, 'sub_code') ?? textField(fields, 'code') ?? 'unknown';
  const said = textField(fields, 'sub_msg') ?? textField(fields, 'msg') ?? '';
  const message = (said.split('网关生成的验签字符串')[0] ?? '').slice(0, 256);
  const error: WalletError = { wallet: 'alipay', code, message, requestId };
  return CREDENTIAL_REFUSALS.has(code) ? misconfigured(error) : error;
}
