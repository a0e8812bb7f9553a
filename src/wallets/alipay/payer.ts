/**
 * Identifies the payer: Alipay's silent authorization (auth_base) returns a code, the code is
 * exchanged for a user_id or open_id. Neither is logged or echoed in an error.
 */

import type { PayerIdentity } from '../../core/wallet/order.ts';
import { err, ok, type Result } from '../../kernel/result.ts';
import type { WalletError } from '../../kernel/wallet-names.ts';
import { textField } from '../../wires/alipay/json-text.ts';
import { encodeParameters } from '../../wires/alipay/parameters.ts';
import { successFields } from './answer.ts';
import type { Client } from './client.ts';
import type { AlipayConfig } from './config.ts';

export function payerAuthorizeUrl(
  config: AlipayConfig,
  request: { readonly redirectUri: string; readonly state: string },
): string {
  const query = encodeParameters([
    ['app_id', config.appId],
    ['scope', 'auth_base'],
    ['redirect_uri', request.redirectUri],
    ['state', request.state],
  ]);
  return `${config.endpoints.authorize}?${query}`;
}

export async function exchangePayerCode(
  client: Client,
  code: string,
): Promise<Result<PayerIdentity, WalletError>> {
  const called = await client.call({
    method: 'alipay.system.oauth.token',
    extra: { grant_type: 'authorization_code', code },
  });
  const fields = successFields(called);
  if (fields !== undefined) {
    const buyerId = textField(fields, 'user_id');
    const buyerOpenId = textField(fields, 'open_id');
    if (buyerId !== undefined || buyerOpenId !== undefined) {
      return ok({ ...(buyerId && { buyerId }), ...(buyerOpenId && { buyerOpenId }) });
    }
  }
  const unanswered = { code: 'unknown', message: 'no answer', requestId: null };
  return err(called.error ?? { wallet: 'alipay', ...unanswered });
}
