/**
 * Protocol v2, /gateway.do: query and body are one set of parameters, checked in the gateway's own
 * order (method, app, format of the rest, signature, then the method itself), and answered with
 * HTTP 200 and a signed object, or an unsigned `error_response` if there is no application to sign
 * for.
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
import { keysOf } from '../../kit/keys.ts';
import type { FaultName, Handled, WireRequest, WireResponse } from '../../kit/kit.ts';
import { type Answer, refusal } from './answers.ts';
import { errorPage } from './cashier-page.ts';
import type { Context, Method, MethodCall } from './context.ts';
import { explainRequest } from './explain.ts';
import { flawOf, signAsGateway } from './identity.ts';
import type { AppRecord } from './records.ts';
import { isAppMethod, isCarried, methodNamed, runMethod } from './routes.ts';

const E = GATEWAY_ERRORS;

/** Methods whose successful answers the live gateway does not sign. */
const UNSIGNED = new Set(['alipay.open.app.alipaycert.download']);

export async function handleV2(context: Context, request: WireRequest): Promise<Handled> {
  if (request.method !== 'GET' && request.method !== 'POST') {
    return { status: 405, headers: { allow: 'GET, POST' }, body: '' };
  }
  const parsed = parseRequest(request.queryText, bodyText(request));
  if (!parsed.ok) {
    const { kind } = parsed.error;
    return unsigned(context, null, kind === 'encoding' ? E.invalidCharset : E.suspectedAttack);
  }
  const parameters = parsed.value;
  const name = parameters.get('method') ?? '';
  const method = methodNamed(name);
  if (name === '') return unsigned(context, null, E.missingMethod);
  if (isAppMethod(name)) return unsigned(context, null, E.forbiddenApi);
  if (method === undefined) return unsigned(context, null, E.invalidMethod);
  const appId = parameters.get('app_id') ?? '';
  if (appId === '') return unsigned(context, method, E.missingAppId);
  const app = context.apps.get(appId);
  if (app === undefined) return unsigned(context, method, E.invalidAppId);
  const refused = await checkRequest(context, app, parameters, request.queryText);
  if (refused !== undefined) {
    return signed(context, { app, name, fault: undefined }, refusal(refused));
  }
  const call = readCall(app, parameters);
  if (call === undefined) {
    const illegal = refusal(E.illegalJson);
    return signed(context, { app, name, fault: undefined }, illegal);
  }
  return runMethod(context, method, call, (answer, fault) =>
    signed(context, { app, name, fault }, answer),
  );
}

function bodyText(request: WireRequest): string {
  if (request.method === 'GET') return '';
  const type = (request.headers['content-type'] ?? '').toLowerCase();
  // Bodies of other types carry no signed parameters here; the signature over the query decides.
  const isForm = type === '' || type.includes('application/x-www-form-urlencoded');
  return isForm ? request.body.toString('utf8') : '';
}

/**
 * Format, then signature; undefined = the call may proceed. Also used for scanned order strings.
 */
export async function checkRequest(
  context: Context,
  app: AppRecord,
  parameters: Parameters,
  queryText: string,
): Promise<GatewayError | undefined> {
  const [, missing] = NEEDED.find(([name]) => !parameters.get(name)) ?? [];
  if (missing !== undefined) return missing;
  if (parameters.get('sign_type') !== 'RSA2') return E.invalidSignatureType;
  if ((parameters.get('charset') ?? 'utf-8').toLowerCase() !== 'utf-8') return E.invalidCharset;
  if ((parameters.get('format') ?? 'JSON').toUpperCase() !== 'JSON') return E.invalidFormat;
  if (parseTime(parameters.get('timestamp') ?? '') === undefined) return E.invalidTimestamp;
  if (app.certificate !== null && !hasCertificates(app, parameters)) {
    return E.missingSignatureConfig;
  }
  const sign = parameters.get('sign') ?? '';
  const key = keysOf(context.kit).publicKey(app.publicKeyPem);
  const text = requestSignText(parameters);
  if (!(await verifyRsa2(text, sign, key))) {
    const what = `${parameters.get('method')} of ${app.appId}`;
    const refused = { what, parameters, queryText, sign, key };
    context.kit.explanations.add(await explainRequest(refused));
    return invalidSignature(text);
  }
  return parameters.has('encrypt_type') ? E.invalidEncryptKey : undefined;
}

/** In the order in which the gateway misses them. */
const NEEDED = [
  ['timestamp', E.missingTimestamp],
  ['version', E.missingVersion],
  ['sign_type', E.missingSignatureType],
  ['sign', E.missingSignature],
] as const;

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

interface Reply {
  readonly app: AppRecord;
  readonly name: string;
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

async function signed(context: Context, reply: Reply, answer: Answer): Promise<Handled> {
  const { app, name, fault } = reply;
  if (answer.kind === 'page') return answer.page;
  if (answer.kind === 'refusal' && isCarried(name)) return errorPage(answer.error);
  const isCodeRefused = name === 'alipay.system.oauth.token' && answer.kind === 'refusal';
  if (isCodeRefused && answer.error.code !== '20000') return unsigned(context, null, answer.error);
  const objectText = writeAnswerObject(answerFields(answer, name));
  const key = answerKey(name);
  if (UNSIGNED.has(name) && answer.kind === 'success') {
    return json(context, writeV2Answer({ key, objectText, certSn: null, sign: null }));
  }
  const { sign, certSn } = await signAsGateway(context, app, flawOf(fault), objectText);
  return json(context, writeV2Answer({ key, objectText, certSn, sign }));
}

function unsigned(context: Context, method: Method | null, error: GatewayError): WireResponse {
  if (method?.isPage) return errorPage(error);
  const { code, msg, subCode, subMsg } = error;
  const objectText = writeAnswerObject({ code, msg, sub_code: subCode, sub_msg: subMsg });
  const body = writeV2Answer({ key: 'error_response', objectText, certSn: null, sign: null });
  return json(context, body);
}

function json(context: Context, body: string): WireResponse {
  const headers = { 'content-type': 'text/html;charset=utf-8', trace_id: traceId(context) };
  return { status: 200, headers, body };
}

export function traceId(context: Context): string {
  return context.kit.random.bytes(16).toString('hex');
}
