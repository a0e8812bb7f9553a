/**
 * What a back office does about a WeChat Pay refund that turned ABNORMAL (the buyer's card is
 * void): it names another card. The platform takes no part in it and must notice by itself.
 */

import { type Papers, signRequest } from '../conformance/second-verifier-wechatpay.ts';
import { until } from '../helpers/api.ts';
import type { Kept, Race } from './race.ts';
import type { Town } from './town.ts';

const REFUNDS = '/v3/ecommerce/refunds';

export async function releaseStuckRefund(town: Town, race: Race, kept: Kept): Promise<void> {
  await until(
    'requires_attention',
    async () => {
      await town.sandbox.advance(600);
      return race.refunds();
    },
    (refunds) => refunds.some(({ status }) => status === 'requires_attention'),
  );
  const [refund] = await race.refunds();
  const bodyOf = (id: unknown): string => String(id).split('_')[1] ?? '';
  const outRefundNo = `${bodyOf(race.id)}${bodyOf(refund?.id)}R1`;
  const orders = await town.sandbox.orders('wechatpay');
  const subMchid = String(orders.find((order) => order.order_no === kept.orderNo)?.merchant);
  const stuck = await send(
    town,
    'GET',
    `${REFUNDS}/out-refund-no/${outRefundNo}?sub_mchid=${subMchid}`,
  );
  const target = `${REFUNDS}/${String(stuck.refund_id)}/apply-abnormal-refund`;
  const body = { sub_mchid: subMchid, out_refund_no: outRefundNo, type: 'MERCHANT_BANK_CARD' };
  await send(town, 'POST', target, body);
}

async function send(
  { sandbox, wechatpay }: Town,
  method: string,
  target: string,
  body?: unknown,
): Promise<Record<string, unknown>> {
  const request = { method, target, ...(body === undefined ? {} : { body }) };
  const signed = signRequest(request, wechatpay as unknown as Papers);
  const response = await fetch(`${sandbox.url}${target}`, {
    method,
    headers: signed.headers,
    ...(body === undefined ? {} : { body: signed.body }),
  });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${method} ${target}: ${response.status} ${text}`);
  return JSON.parse(text) as Record<string, unknown>;
}
