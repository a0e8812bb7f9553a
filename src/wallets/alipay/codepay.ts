/**
 * Payment codes (付款码). A code is good for one call: any unclear answer is followed by a query, then
 * a reversal. Only a query can tell a reversal's effect on the trade.
 */

import type { AttemptOrder, LegOrder } from '../../core/wallet/order.ts';
import type { CloseOutcome, StartOutcome } from '../../core/wallet/report.ts';
import { isPaymentCode } from '../../wires/alipay/trade.ts';
import { notSent } from '../answers.ts';
import { cancelOutcome, payOutcome, queryReport, reversalOutcome } from './answer.ts';
import type { Client } from './client.ts';
import { barContent } from './request.ts';

export async function startByCode(
  client: Client,
  order: AttemptOrder,
  leg: LegOrder,
): Promise<StartOutcome> {
  const { authCode } = order.payer;
  if (authCode === undefined || !isPaymentCode(authCode)) {
    const message = 'bar needs auth_code, the 16 to 24 digits of the payment code';
    const refusal = authCode === undefined ? 'payer_missing' : 'auth_code_invalid';
    return notSent('alipay', refusal, message);
  }
  const content = barContent(order, leg, authCode);
  const { notifyUrl } = order;
  return payOutcome(leg, await client.call({ method: 'alipay.trade.pay', content, notifyUrl }));
}

/** 撤销: closes an unpaid trade; refunds a paid one, and the query says how much. */
export async function reverseCode(client: Client, leg: LegOrder): Promise<CloseOutcome> {
  const content = { out_trade_no: leg.orderNo };
  const called = await client.call({ method: 'alipay.trade.cancel', content });
  const outcome = cancelOutcome(leg.orderNo, called);
  if (outcome !== 'ask' && outcome !== 'too_late') return outcome;
  return reversalOutcome(queryReport(leg, await client.query(leg.orderNo), 'bar'), outcome);
}
