/**
 * Protocol v3: JSON under /v3/alipay/, the signature in the authorization header
 * over the raw target and body. Successes are signed in headers; refusals are plain JSON with a
 * real HTTP status, kebab-case gateway codes and no signature, as Alipay sends them.
 */

import { GATEWAY_ERRORS, type GatewayError } from '../../../src/wires/alipay/gateway-errors.ts';
import { parseJsonObject, textField } from '../../../src/wires/alipay/json-text.ts';
import { writeAnswerObject } from '../../../src/wires/alipay/message.ts';
import { verifyRsa2 } from '../../../src/wires/alipay/signature.ts';
import {
  readV3Authorization,
  type V3Authorization,
  v3ErrorCode,
  v3RequestText,
  v3ResponseText,
} from '../../../src/wires/alipay/v3.ts';
import { keysOf } from '../../kit/keys.ts';
import type { FaultName, Handled, WireRequest, WireResponse } from '../../kit/kit.ts';
import type { Answer } from './answers.ts';
import type { Context, MethodCall } from './context.ts';
import { traceId } from './endpoint-v2.ts';
import { flawOf, signAsGateway } from './identity.ts';
import type { AppRecord } from './records.ts';
import { methodNamed, methodOfV3Path, runMethod } from './routes.ts';

const E = GATEWAY_ERRORS;

export async function handleV3(context: Context, request: WireRequest): Promise<Handled> {
  const name = methodOfV3Path(request.path);
  const method = name === undefined ? undefined : methodNamed(name);
  if (method === undefined || request.method !== 'POST') {
    return refused(context, { ...E.invalidMethod, httpStatus: 404 });
  }
  const authorization = readV3Authorization(request.headers.authorization ?? '');
  if (authorization === undefined) return refused(context, E.missingTimestamp);
  const app = context.apps.get(authorization.fields.get('app_id') ?? '');
  const problem = await checkAuthorization(context, app, authorization, request);
  if (app === undefined || problem !== undefined)
    return refused(context, problem ?? E.invalidAppId);
  const content = parseJsonObject(request.body.toString('utf8'));
  if (content === undefined) return refused(context, E.illegalJson);
  if (request.headers['alipay-encrypt-type'] !== undefined) {
    return refused(context, E.invalidEncryptKey);
  }
  const call: MethodCall = {
    app,
    content,
    notifyUrl: textField(content, 'notify_url') ?? null,
    returnUrl: null,
    parameters: new Map(),
    signed: authorization.authText,
    fault: undefined,
  };
  return runMethod(context, method, call, (answer, fault) => answered(context, app, fault, answer));
}

async function checkAuthorization(
  context: Context,
  app: AppRecord | undefined,
  authorization: V3Authorization,
  request: WireRequest,
): Promise<GatewayError | undefined> {
  const { fields, authText, sign } = authorization;
  const timestamp = fields.get('timestamp') ?? '';
  if (timestamp === '') return E.missingTimestamp;
  if (!/^\d{13}$/.test(timestamp)) return E.invalidTimestamp;
  if ((fields.get('app_id') ?? '') === '') return E.missingAppId;
  if (app === undefined) return E.invalidAppId;
  if ((fields.get('nonce') ?? '') === '')
    return { ...E.invalidParameter, subMsg: '参数无效：nonce' };
  if (sign === '') return E.missingSignature;
  const { certificate } = app;
  const isCertified =
    certificate === null ||
    (fields.get('app_cert_sn') === certificate.appCertSn &&
      request.headers['alipay-root-cert-sn'] === certificate.rootCertSn);
  if (!isCertified) return E.missingSignatureConfig;
  const expected = v3RequestText({
    authText,
    method: request.method,
    target: request.target,
    body: request.body.toString('utf8'),
    appAuthToken: request.headers['alipay-app-auth-token'] ?? null,
  });
  if (await verifyRsa2(expected, sign, keysOf(context.kit).publicKey(app.publicKeyPem)))
    return undefined;
  context.kit.explanations.add({
    wallet: 'alipay',
    what: `${request.method} ${request.path} of ${app.appId}`,
    expected,
    received: null,
    hint: 'sign exactly these lines: authorization up to ",sign=", method, raw target, raw body',
  });
  return { ...E.invalidSignature, subMsg: `验签出错，网关生成的验签字符串为：${expected}` };
}

async function answered(
  context: Context,
  app: AppRecord,
  fault: FaultName | undefined,
  answer: Answer,
): Promise<WireResponse> {
  if (answer.kind === 'refusal') return refused(context, answer.error);
  const body = answer.kind === 'page' ? '{}' : writeAnswerObject(answer.fields);
  const timestamp = String(context.kit.wall.nowMs());
  const nonce = context.kit.random.bytes(16).toString('hex');
  const text = v3ResponseText({ timestamp, nonce, body });
  const { sign, certSn } = await signAsGateway(context, app, flawOf(fault), text);
  const headers: Record<string, string> = {
    'content-type': 'application/json;charset=utf-8',
    'alipay-timestamp': timestamp,
    'alipay-nonce': nonce,
    'alipay-signature': sign,
    'alipay-trace-id': traceId(context),
  };
  if (certSn !== null) headers['alipay-sn'] = certSn;
  return { status: 200, headers, body };
}

function refused(context: Context, error: GatewayError): WireResponse {
  const code = v3ErrorCode(error.subCode);
  const body = JSON.stringify({
    code,
    message: error.subMsg,
    links: [{ link: 'https://opendocs.alipay.com/open-v3/054fcv', desc: '解决方案' }],
  });
  const headers = {
    'content-type': 'application/json;charset=utf-8',
    'alipay-trace-id': traceId(context),
  };
  return { status: error.httpStatus, headers, body };
}
