/**
 * The gateway's records, by their keys and by their other numbers. Of a concurrent close and
 * payment exactly one wins: every change is one synchronous step.
 */
import type { Fen } from '../../../src/kernel/money.ts';
import { openDueIndex } from '../../kit/due-index.ts';
import type { CityKit, Collection } from '../../kit/kit.ts';
import { openPaymentCodes } from '../../kit/payment-codes.ts';
import { openTable } from '../../kit/table.ts';
import { paymentCode } from './numbers.ts';
import type {
  AccountRecord,
  BalanceRecord,
  OauthCodeRecord,
  OrderLine,
  OrderRecord,
  PrepayRecord,
  RefundRecord,
} from './records.ts';

export interface FoundLine {
  readonly order: OrderRecord;
  readonly line: OrderLine;
}

export type OrderStore = ReturnType<typeof openOrderStore>;

/** Still payable, and closed at its expiry. */
export function isWaiting(order: OrderRecord): boolean {
  return order.state === 'NOTPAY' || order.state === 'USERPAYING';
}

export function accountsOf(kit: CityKit): Collection<AccountRecord> {
  return kit.journal.collection<AccountRecord>('wechatpay.accounts');
}

export function openOrderStore(kit: CityKit, settle: (refund: RefundRecord) => void) {
  const due = openDueIndex();
  const orders = openTable<OrderRecord, 'no' | 'transaction'>({ kit, due }, 'wechatpay.orders', {
    keyOf: ({ key }) => key,
    indexes: {
      no: ({ mchid, lines }) => lines.map(({ outTradeNo }) => `${mchid}/${outTradeNo}`),
      transaction: ({ combineTransactionId, lines }) => [
        ...lines.flatMap(({ paid }) => paid?.transactionId ?? []),
        ...(combineTransactionId === null ? [] : [combineTransactionId]),
      ],
    },
    expiry: {
      at: (order) => (isWaiting(order) ? order.expiresMs : null),
      ended: (order) => ({ ...order, state: 'CLOSED' }),
    },
  });
  const refunds = openTable<RefundRecord, 'no' | 'order'>({ kit, due }, 'wechatpay.refunds', {
    keyOf: ({ refundId }) => refundId,
    indexes: {
      no: ({ mchid, outRefundNo }) => [`${mchid}/${outRefundNo}`],
      order: ({ orderKey }) => [orderKey],
    },
    work: { at: ({ dueMs }) => dueMs, run: settle },
  });
  return {
    ...{ due, orders, refunds },
    accounts: accountsOf(kit),
    prepays: kit.journal.collection<PrepayRecord>('wechatpay.prepays'),
    codes: kit.journal.collection<OauthCodeRecord>('wechatpay.oauth_codes'),
    paymentCodes: openPaymentCodes(kit, {
      collection: 'wechatpay.payment_codes',
      draw: () => paymentCode(kit.random),
    }),
    ...openBalances(kit),
    /** Any line, single or of a combined order: out_trade_no is unique under its mchid. */
    lineByNo: (mchid: string, outTradeNo: string) =>
      findLine(
        orders.find('no', `${mchid}/${outTradeNo}`),
        (line) => line.outTradeNo === outTradeNo,
      ),
    lineByTransaction: (transactionId: string) =>
      findLine(
        orders.find('transaction', transactionId),
        (line) => line.paid?.transactionId === transactionId,
      ),
    refundByNo: (mchid: string, outRefundNo: string) =>
      refunds.find('no', `${mchid}/${outRefundNo}`),
  };
}

function openBalances(kit: CityKit) {
  const balances = kit.journal.collection<BalanceRecord>('wechatpay.balances');
  const balance = (mchid: string): BalanceRecord =>
    balances.get(mchid) ?? { availableFen: 0n, frozenFen: 0n };
  const moveBalance = (mchid: string, funds: keyof BalanceRecord, deltaFen: Fen) => {
    const before = balance(mchid);
    balances.put(mchid, { ...before, [funds]: before[funds] + deltaFen });
  };
  return { balance, moveBalance };
}

function findLine(
  order: OrderRecord | undefined,
  isIt: (candidate: OrderLine) => boolean,
): FoundLine | undefined {
  const line = order?.lines.find(isIt);
  return order === undefined || line === undefined ? undefined : { order, line };
}
