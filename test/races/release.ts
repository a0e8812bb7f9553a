/**
 * What a back office does about a WeChat Pay refund that turned ABNORMAL (the buyer's card is
 * void): it names another card. The platform takes no part in it and must notice that on its own.
 */

import { type SdkCredentials, signRequest } from '../conformance/second-verifier-wechatpay.ts';
import { until } from '../helpers/api.ts';
import type { Kept, Race } from './race.ts';
import type { Town, WechatpayKeys } from './town.ts';

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
  await releaseRefund(town.sandbox.url, town.wechatpay, { refundNo: outRefundNo, subMchid });
}

/** The refund is named by its number and the merchant it belongs to. */
export async function releaseRefund(
  sandboxUrl: string,
  keys: WechatpayKeys,
  { refundNo, subMchid }: { readonly refundNo: string; readonly subMchid: string },
): Promise<void> {
  const call = (method: string, target: string, body?: unknown) =>
    send({ sandboxUrl, keys }, method, target, body);
  const query = `${REFUNDS}/out-refund-no/${refundNo}?sub_mchid=${subMchid}`;
  const held = await call('GET', query);
  await call('POST', `${REFUNDS}/${String(held.refund_id)}/apply-abnormal-refund`, {
    sub_mchid: subMchid,
    out_refund_no: refundNo,
    type: 'MERCHANT_BANK_CARD',
  });
}

async function send(
  { sandboxUrl, keys }: { readonly sandboxUrl: string; readonly keys: WechatpayKeys },
  method: string,
  target: string,
  body?: unknown,
): Promise<Record<string, unknown>> {
  const request = { method, target, ...(body === undefined ? {} : { body }) };
  const signed = signRequest(request, keys as unknown as SdkCredentials);
  const response = await fetch(`${sandboxUrl}${target}`, {
    method,
    headers: signed.headers,
    ...(body === undefined ? {} : { body: signed.body }),
  });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${method} ${target}: ${response.status} ${text}`);
  return JSON.parse(text) as Record<string, unknown>;
}
