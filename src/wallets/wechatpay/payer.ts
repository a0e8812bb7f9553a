/**
 * Identifies the payer: WeChat's silent authorization (snsapi_base) returns a code, the code is
 * exchanged for an openid. Neither answer is signed; TLS and the app secret are the proof. Codes,
 * secrets and openids are never logged or echoed in an error.
 */

import type { PayerIdentity } from '../../core/wallet/order.ts';
import { err, ok, type Result } from '../../kernel/result.ts';
import type { WalletError } from '../../kernel/wallet-names.ts';
import { parseRecord, textOf } from '../../wires/wechatpay/json.ts';
import type { WalletSeams } from '../wallet.ts';
import type { WechatpayConfig } from './config.ts';

/** The order of parameters matters to WeChat, and so does the fragment. */
export function payerAuthorizeUrl(
  config: WechatpayConfig,
  request: { readonly redirectUri: string; readonly state: string },
): string {
  const query = [
    `appid=${config.appid}`,
    `redirect_uri=${encodeURIComponent(request.redirectUri)}`,
    'response_type=code',
    'scope=snsapi_base',
    `state=${encodeURIComponent(request.state)}`,
  ];
  return `${config.endpoints.authorize}?${query.join('&')}#wechat_redirect`;
}

export async function exchangePayerCode(
  config: WechatpayConfig,
  http: WalletSeams['http'],
  code: string,
): Promise<Result<PayerIdentity, WalletError>> {
  const query = new URLSearchParams({
    appid: config.appid,
    secret: config.appSecret,
    code,
    grant_type: 'authorization_code',
  });
  const sent = await http.send({
    method: 'GET',
    url: `${config.endpoints.oauth}?${query.toString()}`,
    headers: { accept: 'application/json' },
  });
  if (!sent.ok) return refused(`HTTP_${sent.error.kind.toUpperCase()}`, 'no answer');
  const body = parseRecord(sent.value.body.toString('utf8'));
  const openid = textOf(body, 'openid');
  if (sent.value.status === 200 && openid !== undefined) return ok({ openid });
  const errcode = body?.errcode;
  if (typeof errcode === 'number') return refused(String(errcode), 'WeChat refused the code');
  return refused(`HTTP_${sent.value.status}`, 'not an answer of the authorisation service');
}

function refused(code: string, message: string): Result<never, WalletError> {
  return err({ wallet: 'wechatpay', code, message, requestId: null });
}
