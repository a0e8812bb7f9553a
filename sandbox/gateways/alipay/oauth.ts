/** alipay.system.oauth.token and alipay.open.app.alipaycert.download, and the authorize page. */

import { GATEWAY_ERRORS } from '../../../src/wires/alipay/gateway-errors.ts';
import { textField } from '../../../src/wires/alipay/json-text.ts';
import { encodeParameters, parseParameters } from '../../../src/wires/alipay/parameters.ts';
import type { WireRequest, WireResponse } from '../../kit/kit.ts';
import { refusal, refuse, success } from './answers.ts';
import { errorPage } from './cashier-page.ts';
import type { Context, Method } from './context.ts';

const CODE_LIFE_MS = 180_000;
const TOKEN_LIFE_SECONDS = 1_296_000;

const oauthToken: Method = {
  operation: 'oauth',
  run: (context, call) => {
    if (call.parameters.get('grant_type') !== 'authorization_code') {
      return refusal({ ...GATEWAY_ERRORS.invalidParameter, subMsg: '参数无效：grant_type' });
    }
    const code = call.parameters.get('code') ?? '';
    const known = context.authCodes.get(code);
    // A code is single-use, whatever becomes of the answer.
    context.authCodes.delete(code);
    const isGood = known?.appId === call.app.appId && context.kit.clock.nowMs() < known.expiresAtMs;
    if (!isGood) return refusal(GATEWAY_ERRORS.codeInvalid);
    const { buyer } = context.identity();
    return success({
      user_id: buyer.userId,
      open_id: buyer.openId,
      access_token: `authbseB${context.kit.random.bytes(16).toString('hex')}`,
      expires_in: TOKEN_LIFE_SECONDS,
      refresh_token: `authbseB${context.kit.random.bytes(16).toString('hex')}`,
      re_expires_in: 2 * TOKEN_LIFE_SECONDS,
    });
  },
};

const certDownload: Method = {
  operation: 'certificates',
  run: (context, call) => {
    const sn = textField(call.content, 'alipay_cert_sn');
    const { certificate, rotatedCertificate } = context.identity();
    const found = [certificate, rotatedCertificate].find((one) => one.sn === sn);
    if (found === undefined) return refuse('ACQ.INVALID_PARAMETER', 'alipay_cert_sn');
    const content = Buffer.from(found.certificatePem, 'utf8').toString('base64');
    return success({ alipay_cert_content: content });
  },
};

export const IDENTITY_METHODS: Readonly<Record<string, Method>> = {
  'alipay.system.oauth.token': oauthToken,
  'alipay.open.app.alipaycert.download': certDownload,
};

/** auth_base does not ask the buyer: the page answers at once with a code. */
export function authorize(context: Context, request: WireRequest): WireResponse {
  const parsed = parseParameters(request.queryText);
  const parameters = parsed.ok ? parsed.value : new Map<string, string>();
  const app = context.apps.get(parameters.get('app_id') ?? '');
  const redirectUri = parameters.get('redirect_uri') ?? '';
  const scope = parameters.get('scope') ?? '';
  if (app === undefined) return errorPage(GATEWAY_ERRORS.invalidAppId);
  if (!URL.canParse(redirectUri) || !/^https?:$/.test(new URL(redirectUri).protocol)) {
    return errorPage({ ...GATEWAY_ERRORS.invalidParameter, subMsg: '参数无效：redirect_uri' });
  }
  if (scope !== 'auth_base' && scope !== 'auth_user') {
    return errorPage({ ...GATEWAY_ERRORS.invalidParameter, subMsg: '参数无效：scope' });
  }
  const code = context.kit.random.bytes(16).toString('hex');
  const expiresAtMs = context.kit.clock.nowMs() + CODE_LIFE_MS;
  context.authCodes.put(code, { appId: app.appId, expiresAtMs });
  const answer = encodeParameters([
    ['app_id', app.appId],
    ['source', 'alipay_wallet'],
    ['scope', scope],
    ['auth_code', code],
    ['state', parameters.get('state') ?? ''],
  ]);
  const location = `${redirectUri}${redirectUri.includes('?') ? '&' : '?'}${answer}`;
  return { status: 302, headers: { location, 'cache-control': 'no-store' }, body: '' };
}
