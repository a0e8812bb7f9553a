/**
 * The front door of protocol v2, /gateway.do: query and body are one set of parameters, checked in
 * the gateway's own order (method, app, form of the rest, signature, then the method itself), and
 * answered with HTTP 200 and a signed object, or an unsigned `error_response` where no application
 * is known that one could sign for.
 */

import { requestSignText } from '../../../src/wires/alipay/canonical.ts';
import {
  GATEWAY_ERRORS,
  type GatewayError,
  invalidSignature,
} from '../../../src/wires/alipay/gateway-errors.ts';
import { type JsonObject, parseJsonObject } from '../../../src/wires/alipay/json-text.ts';
import { answerKey, writeAnswerObject, writeV2Answer } from '../../../src/wires/alipay/message.ts';
import { type Parameters, parseRequest } from '../../../src/wires/alipay/parameters.ts';
import { verifyRsa2 } from '../../../src/wires/alipay/signature.ts';
import { parseTime } from '../../../src/wires/alipay/time.ts';
import type { FaultName, WireRequest, WireResponse } from '../../kit/kit.ts';
import type { Answer } from './answers.ts';
import { errorPage } from './cashier-page.ts';
import type { AlipayCity, Method, MethodCall } from './context.ts';
import { explainRequest } from './explain.ts';
import { publicKeyObject, signAsHouse } from './identity.ts';
import type { AppRecord } from './records.ts';
import { isAppMethod, isCarried, methodNamed, takeFault } from './routes.ts';

export type Outcome = WireResponse | { readonly lost: true };

const E = GATEWAY_ERRORS;

/** Unsigned methods: their own answers, as the live gateway sends them. */
const UNSIGNED = new Set(['alipay.open.app.alipaycert.download']);

export async function handleV2(city: AlipayCity, request: WireRequest): Promise<Outcome> {
  if (request.method !== 'GET' && request.method !== 'POST') {
    return { status: 405, headers: { allow: 'GET, POST' }, body: '' };
  }
  const parsed = parseRequest(request.queryText, bodyText(request));
  if (!parsed.ok) {
    const { kind } = parsed.error;
    return unsigned(city, null, kind === 'encoding' ? E.invalidCharset : E.suspectedAttack);
  }
  const parameters = parsed.value;
  const name = parameters.get('method') ?? '';
  const method = methodNamed(name);
  if (name === '') return unsigned(city, null, E.missingMethod);
  if (isAppMethod(name)) return unsigned(city, null, E.forbiddenApi);
  if (method === undefined) return unsigned(city, null, E.invalidMethod);
  const appId = parameters.get('app_id') ?? '';
  if (appId === '') return unsigned(city, method, E.missingAppId);
  const app = city.apps.get(appId);
  if (app === undefined) return unsigned(city, method, E.invalidAppId);
  const refused = await checkRequest(city, app, parameters, request.queryText);
  if (refused !== undefined) {
    return signed(city, { app, name, method, fault: undefined }, refusalOf(refused));
  }
  const call = readCall(app, parameters);
  if (call === undefined) {
    const illegal = refusalOf(E.illegalJson);
    return signed(city, { app, name, method, fault: undefined }, illegal);
  }
  return runMethod(city, name, method, call);
}

function bodyText(request: WireRequest): string {
  if (request.method === 'GET') return '';
  const type = (request.headers['content-type'] ?? '').toLowerCase();
  // Other bodies carry no signed parameters here; the signature over the query then decides.
  const isForm = type === '' || type.includes('application/x-www-form-urlencoded');
  return isForm ? request.body.toString('utf8') : '';
}

/** Form, then signature; undefined = the call may go on. Also used for scanned order strings. */
export async function checkRequest(
  city: AlipayCity,
  app: AppRecord,
  parameters: Parameters,
  queryText: string,
): Promise<GatewayError | undefined> {
  const missing = missingParameter(parameters);
  if (missing !== undefined) return missing;
  if (parameters.get('sign_type') !== 'RSA2') return E.invalidSignatureType;
  if ((parameters.get('charset') ?? 'utf-8').toLowerCase() !== 'utf-8') return E.invalidCharset;
  if ((parameters.get('format') ?? 'JSON').toUpperCase() !== 'JSON') return E.invalidFormat;
  if (parseTime(parameters.get('timestamp') ?? '') === undefined) return E.invalidTimestamp;
  if (app.certificate !== null && !hasCertificates(app, parameters)) {
    return E.missingSignatureConfig;
  }
  const sign = parameters.get('sign') ?? '';
  const key = publicKeyObject(app.publicKeyPem);
  const text = requestSignText(parameters);
  if (!(await verifyRsa2(text, sign, key))) {
    const what = `${parameters.get('method')} of ${app.appId}`;
    const refused = { what, parameters, queryText, sign, key };
    city.kit.explanations.add(await explainRequest(refused));
    return invalidSignature(text);
  }
  return parameters.has('encrypt_type') ? E.invalidEncryptKey : undefined;
}

function missingParameter(parameters: Parameters): GatewayError | undefined {
  const isMissing = (name: string) => (parameters.get(name) ?? '') === '';
  if (isMissing('timestamp')) return E.missingTimestamp;
  if (isMissing('version')) return E.missingVersion;
  if (isMissing('sign_type')) return E.missingSignatureType;
  return isMissing('sign') ? E.missingSignature : undefined;
}

function hasCertificates(app: AppRecord, parameters: Parameters): boolean {
  return (
    parameters.get('app_cert_sn') === app.certificate?.appCertSn &&
    parameters.get('alipay_root_cert_sn') === app.certificate?.rootCertSn
  );
}

/** undefined = biz_content is no JSON object. */
export function readCall(app: AppRecord, parameters: Parameters): MethodCall | undefined {
  const text = parameters.get('biz_content') ?? '';
  const content: JsonObject | undefined = text === '' ? {} : parseJsonObject(text);
  if (content === undefined) return undefined;
  return {
    app,
    content,
    notifyUrl: parameters.get('notify_url') || null,
    returnUrl: parameters.get('return_url') || null,
    parameters,
    signed: requestSignText(parameters),
    fault: undefined,
  };
}

async function runMethod(
  city: AlipayCity,
  name: string,
  method: Method,
  call: MethodCall,
): Promise<Outcome> {
  const fault = takeFault(city, call.app, method, call.content);
  const reply = { app: call.app, name, method, fault };
  switch (fault) {
    case 'rate_limited':
      return signed(city, reply, refusalOf(E.appCallLimited));
    case 'html_502':
      return badGateway();
    case 'close_lost':
      return { lost: true };
    case 'answer_lost':
      method.run(city, { ...call, fault });
      return { lost: true };
    case 'server_error':
      method.run(city, { ...call, fault });
      return signed(city, reply, refusalOf(E.unknown));
    default:
      return signed(city, reply, method.run(city, { ...call, fault }));
  }
}

function refusalOf(error: GatewayError): Answer {
  return { kind: 'refusal', error };
}

export function badGateway(): WireResponse {
  const body =
    '<html><head><title>502 Bad Gateway</title></head><body>502 Bad Gateway</body></html>';
  return { status: 502, headers: { 'content-type': 'text/html' }, body };
}

interface Reply {
  readonly app: AppRecord;
  readonly name: string;
  readonly method: Method;
  readonly fault: FaultName | undefined;
}

function answerFields(answer: Exclude<Answer, { kind: 'page' }>, name: string): JsonObject {
  if (answer.kind === 'refusal') {
    const { code, msg, subCode, subMsg } = answer.error;
    return { code, msg, sub_code: subCode, sub_msg: subMsg };
  }
  if (answer.kind === 'waiting') {
    return { code: '10003', msg: ' order success pay inprocess', ...answer.fields };
  }
  // The token answer is the one without code and msg.
  if (name === 'alipay.system.oauth.token') return answer.fields;
  return { code: '10000', msg: 'Success', ...answer.fields };
}

async function signed(city: AlipayCity, reply: Reply, answer: Answer): Promise<Outcome> {
  const { app, name, fault } = reply;
  if (answer.kind === 'page') {
    const headers = { 'content-type': 'text/html;charset=utf-8', 'cache-control': 'no-store' };
    return { status: 200, headers, body: answer.html };
  }
  if (answer.kind === 'refusal' && isCarried(name)) return errorPage(answer.error);
  const isCodeRefused = name === 'alipay.system.oauth.token' && answer.kind === 'refusal';
  if (isCodeRefused && answer.error.code !== '20000') return unsigned(city, null, answer.error);
  const objectText = writeAnswerObject(answerFields(answer, name));
  const key = answerKey(name);
  if (UNSIGNED.has(name) && answer.kind === 'success') {
    return json(city, writeV2Answer({ key, objectText, certSn: null, sign: null }));
  }
  const flaw = fault === 'key_rotated' || fault === 'signtest' ? fault : undefined;
  const { sign, certSn } = await signAsHouse(city.house(), app, flaw, objectText);
  return json(city, writeV2Answer({ key, objectText, certSn, sign }));
}

function unsigned(city: AlipayCity, method: Method | null, error: GatewayError): WireResponse {
  if (method?.isPage) return errorPage(error);
  const { code, msg, subCode, subMsg } = error;
  const objectText = writeAnswerObject({ code, msg, sub_code: subCode, sub_msg: subMsg });
  const body = writeV2Answer({ key: 'error_response', objectText, certSn: null, sign: null });
  return json(city, body);
}

function json(city: AlipayCity, body: string): WireResponse {
  const headers = { 'content-type': 'text/html;charset=utf-8', trace_id: traceId(city) };
  return { status: 200, headers, body };
}

export function traceId(city: AlipayCity): string {
  return city.kit.random.bytes(16).toString('hex');
}
