/**
 * The gateway's records with their indexes. Collections are in the journal; indexes are rebuilt
 * from them at start. Every change is one synchronous step, so that of a concurrent close and
 * payment exactly one wins.
 */
import type { Fen } from '../../../src/kernel/money.ts';
import { openDueIndex } from '../../kit/due-index.ts';
import type { CityKit, Collection } from '../../kit/kit.ts';
import { openPaymentCodes, type PaymentCodes } from '../../kit/payment-codes.ts';
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

export interface OrderStore {
  readonly accounts: Collection<AccountRecord>;
  readonly prepays: Collection<PrepayRecord>;
  readonly codes: Collection<OauthCodeRecord>;
  readonly paymentCodes: PaymentCodes;
  readonly order: (key: string) => OrderRecord | undefined;
  readonly orders: () => IterableIterator<OrderRecord>;
  readonly putOrder: (order: OrderRecord) => void;
  /** Any line, single or of a combined order: out_trade_no is unique under its mchid. */
  readonly lineByNo: (mchid: string, outTradeNo: string) => FoundLine | undefined;
  readonly lineByTransaction: (transactionId: string) => FoundLine | undefined;
  readonly orderByCombineTransaction: (transactionId: string) => OrderRecord | undefined;
  readonly refundById: (refundId: string) => RefundRecord | undefined;
  readonly refundByNo: (mchid: string, outRefundNo: string) => RefundRecord | undefined;
  /** Oldest first. */
  readonly refunds: () => IterableIterator<RefundRecord>;
  readonly putRefund: (refund: RefundRecord) => void;
  readonly balance: (mchid: string) => BalanceRecord;
  readonly moveBalance: (mchid: string, funds: 'availableFen' | 'frozenFen', deltaFen: Fen) => void;
  /** City time of the next expiry or refund to settle; null = nothing is due. */
  readonly nextDueMs: () => number | null;
  /** Takes what is due at `nowMs` off the list. */
  readonly takeDue: (nowMs: number) => Due | undefined;
}

type Due = { readonly order: OrderRecord } | { readonly refund: RefundRecord };

/** Still payable, and closed at its expiry. */
export function isWaiting(order: OrderRecord): boolean {
  return order.state === 'NOTPAY' || order.state === 'USERPAYING';
}

export function accountsOf(kit: CityKit): Collection<AccountRecord> {
  return kit.journal.collection<AccountRecord>('wechatpay.accounts');
}

const EMPTY_BALANCE: BalanceRecord = { availableFen: 0n, frozenFen: 0n };

export function openOrderStore(kit: CityKit): OrderStore {
  const orders = kit.journal.collection<OrderRecord>('wechatpay.orders');
  const refunds = kit.journal.collection<RefundRecord>('wechatpay.refunds');
  const orderKeyByNo = new Map<string, string>();
  const orderKeyByTransaction = new Map<string, string>();
  const refundIdByNo = new Map<string, string>();
  const due = openDueIndex<Due>(({ dueMs, key }) => {
    const order = orders.get(key);
    if (order !== undefined && isWaiting(order) && order.expiresMs === dueMs) return { order };
    const refund = refunds.get(key);
    return refund?.dueMs === dueMs ? { refund } : undefined;
  });

  function indexOrder(order: OrderRecord): void {
    for (const line of order.lines) {
      orderKeyByNo.set(`${order.mchid}/${line.outTradeNo}`, order.key);
      if (line.paid !== null) orderKeyByTransaction.set(line.paid.transactionId, order.key);
    }
    if (order.combineTransactionId !== null) {
      orderKeyByTransaction.set(order.combineTransactionId, order.key);
    }
    if (isWaiting(order)) due.watch({ dueMs: order.expiresMs, key: order.key });
  }

  function indexRefund(refund: RefundRecord): void {
    refundIdByNo.set(`${refund.mchid}/${refund.outRefundNo}`, refund.refundId);
    if (refund.dueMs !== null) due.watch({ dueMs: refund.dueMs, key: refund.refundId });
  }

  for (const order of orders.values()) indexOrder(order);
  for (const refund of refunds.values()) indexRefund(refund);

  return {
    ...openRecords(kit),
    order: (key) => orders.get(key),
    orders: () => orders.values(),
    putOrder: (order) => {
      orders.put(order.key, order);
      indexOrder(order);
    },
    lineByNo: (mchid, outTradeNo) =>
      findLine(
        orders.get(orderKeyByNo.get(`${mchid}/${outTradeNo}`) ?? ''),
        (item) => item.outTradeNo === outTradeNo,
      ),
    lineByTransaction: (transactionId) =>
      findLine(
        orders.get(orderKeyByTransaction.get(transactionId) ?? ''),
        (item) => item.paid?.transactionId === transactionId,
      ),
    orderByCombineTransaction: (transactionId) => {
      const order = orders.get(orderKeyByTransaction.get(transactionId) ?? '');
      return order?.combineTransactionId === transactionId ? order : undefined;
    },
    refundById: (refundId) => refunds.get(refundId),
    refundByNo: (mchid, outRefundNo) =>
      refunds.get(refundIdByNo.get(`${mchid}/${outRefundNo}`) ?? ''),
    refunds: () => refunds.values(),
    putRefund: (refund) => {
      refunds.put(refund.refundId, refund);
      indexRefund(refund);
    },
    ...openBalances(kit),
    nextDueMs: due.nextDueMs,
    takeDue: due.takeDue,
  };
}

/** State that needs no index. */
function openRecords(
  kit: CityKit,
): Pick<OrderStore, 'accounts' | 'prepays' | 'codes' | 'paymentCodes'> {
  return {
    accounts: accountsOf(kit),
    prepays: kit.journal.collection<PrepayRecord>('wechatpay.prepays'),
    codes: kit.journal.collection<OauthCodeRecord>('wechatpay.oauth_codes'),
    paymentCodes: openCodes(kit),
  };
}

function openCodes(kit: CityKit): PaymentCodes {
  const draw = () => paymentCode(kit.random);
  return openPaymentCodes(kit, { collection: 'wechatpay.payment_codes', draw });
}

function openBalances(kit: CityKit): Pick<OrderStore, 'balance' | 'moveBalance'> {
  const balances = kit.journal.collection<BalanceRecord>('wechatpay.balances');
  const balance = (mchid: string): BalanceRecord => balances.get(mchid) ?? EMPTY_BALANCE;
  return {
    balance,
    moveBalance: (mchid, funds, deltaFen) => {
      const before = balance(mchid);
      balances.put(mchid, { ...before, [funds]: before[funds] + deltaFen });
    },
  };
}

function findLine(
  order: OrderRecord | undefined,
  isIt: (candidate: OrderLine) => boolean,
): FoundLine | undefined {
  const line = order?.lines.find(isIt);
  return order === undefined || line === undefined ? undefined : { order, line };
}
