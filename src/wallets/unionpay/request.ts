/**
 * Converts Hutong's orders to ACP's fields; pure. UnionPay identifies an order by (merId, orderId,
 * txnTime), so txnTime is always the stored creation time and never "now": a query a day later
 * names the same order.
 */
import { isIPv4 } from 'node:net';
import type {
  AttemptOrder,
  AttemptReference,
  LegOrder,
  RefundOrder,
  WalletPart,
} from '../../core/wallet/order.ts';
import { compactTime } from '../../wires/beijing-time.ts';
import { bytesOf, type Encoding } from '../../wires/unionpay/canonical.ts';
import { writeSplit } from '../../wires/unionpay/split.ts';
import {
  CURRENCY_CNY,
  isUnionpayProduct,
  PURCHASES,
  TXN,
  type UnionpayProduct,
  VERSION,
} from '../../wires/unionpay/trade.ts';
import type { RequestFields } from './client.ts';
import type { UnionpayConfig } from './config.ts';

const MOBILE = '08';
const PC = '07';
const DESCRIPTION_BYTES_MAX = 32;

type Sender = Pick<UnionpayConfig, 'merId' | 'encoding' | 'termId'>;

function common(config: Sender): RequestFields {
  return {
    version: VERSION,
    encoding: config.encoding,
    accessType: '0',
    merId: config.merId,
  };
}

export function purchaseFields(
  config: Sender,
  product: UnionpayProduct,
  order: AttemptOrder,
  leg: LegOrder,
): RequestFields {
  const { sub, biz } = PURCHASES[product];
  return {
    ...common(config),
    txnType: TXN.purchase,
    txnSubType: sub,
    bizType: biz,
    channelType: product === 'web' && order.device === 'desktop' ? PC : MOBILE,
    orderId: leg.orderNo,
    txnTime: compactTime(order.createdAtMs),
    txnAmt: leg.amountFen.toString(),
    currencyCode: CURRENCY_CNY,
    backUrl: order.notifyUrl,
    frontUrl: product === 'web' ? order.returnUrl : null,
    payTimeout: compactTime(order.expiresAtMs),
    orderDesc: describe(leg.description, config.encoding),
    customerIp: order.payerIp !== null && isIPv4(order.payerIp) ? order.payerIp : null,
    accSplitData: splitOf(config, leg.parts, leg.walletMerchant, leg.amountFen),
    termId: product === 'bar' || product === 'nfc' ? config.termId : null,
  };
}

/** The payees: a cart's merchants, or the one merchant that is not the account itself. */
function splitOf(
  config: Sender,
  parts: readonly WalletPart[] | null | undefined,
  walletMerchant: string,
  amountFen: bigint,
): string | null {
  if (parts == null && walletMerchant === config.merId) return null;
  const paid = parts ?? [{ walletMerchant, amountFen }];
  return writeSplit(
    paid.map((part) => ({ merId: part.walletMerchant, amountFen: part.amountFen })),
  );
}

/** Brackets, quotes, `&` and `=` are syntax in ACP; truncated at whole characters. */
function describe(description: string, encoding: Encoding): string {
  let described = '';
  let byteCount = 0;
  for (const char of description.replace(/[&={}[\]"'\p{Cc}]/gu, ' ')) {
    byteCount += bytesOf(char, encoding).length;
    if (byteCount > DESCRIPTION_BYTES_MAX) break;
    described += char;
  }
  return described;
}

export function queryFields(
  config: Sender,
  asked: { readonly orderNo: string; readonly product: string; readonly createdAtMs: number },
): RequestFields {
  return {
    ...common(config),
    txnType: TXN.query,
    txnSubType: '00',
    bizType: bizTypeOf(asked.product),
    channelType: MOBILE,
    orderId: asked.orderNo,
    txnTime: compactTime(asked.createdAtMs),
  };
}

function bizTypeOf(product: string): string {
  return isUnionpayProduct(product) ? PURCHASES[product].biz : '000000';
}

/** 冲正: names the unknown transaction itself, without an amount or a queryId. */
export function reversalFields(
  config: Sender,
  attempt: AttemptReference,
  orderNo: string,
): RequestFields {
  return {
    ...common(config),
    txnType: TXN.reversal,
    txnSubType: '01',
    bizType: '000000',
    channelType: MOBILE,
    orderId: orderNo,
    txnTime: compactTime(attempt.createdAtMs),
  };
}

/** 加密公钥更新. It is a transaction like any other, so it has a number and a time. */
export function keyUpdateFields(config: Sender, nowMs: number): RequestFields {
  const txnTime = compactTime(nowMs);
  return {
    ...common(config),
    txnType: TXN.keyUpdate,
    txnSubType: '00',
    bizType: '000000',
    channelType: PC,
    orderId: `KEY${txnTime}`,
    txnTime,
    certType: '01',
  };
}

export function refundFields(config: Sender, refund: RefundOrder): RequestFields {
  const { leg } = refund;
  const { walletTransactionId } = leg;
  const parent: RequestFields =
    walletTransactionId === null
      ? { origOrderId: leg.orderNo, origTxnTime: compactTime(leg.createdAtMs) }
      : { origQryId: walletTransactionId };
  return {
    ...common(config),
    txnType: TXN.refund,
    txnSubType: '00',
    bizType: bizTypeOf(leg.product),
    channelType: MOBILE,
    orderId: refund.refundNo,
    txnTime: compactTime(refund.createdAtMs),
    txnAmt: refund.amountFen.toString(),
    currencyCode: CURRENCY_CNY,
    backUrl: refund.notifyUrl,
    ...parent,
    // Echoed in the notification, which names the refunded order in no other field.
    reqReserved: leg.orderNo,
    accSplitData: splitOf(config, refund.parts, leg.walletMerchant, refund.amountFen),
  };
}

export function refundQueryFields(config: Sender, refund: RefundOrder): RequestFields {
  const { refundNo: orderNo, createdAtMs, leg } = refund;
  return queryFields(config, { orderNo, createdAtMs, product: leg.product });
}
