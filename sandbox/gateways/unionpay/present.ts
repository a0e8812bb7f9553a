/**
 * The fields of a transaction in query replies and notifications; both are made here, so they
 * agree.
 */
import { compactTime } from '../../../src/wires/beijing-time.ts';
import { clearingDay } from '../../../src/wires/unionpay/time.ts';
import type { Message } from './context.ts';
import type { PurchaseRecord, ReturnRecord } from './records.ts';

/** The card behind the city's phone, as UnionPay shows it: masked. */
const MASKED_CARD = '621626*********0018';

export function purchaseFields(purchase: PurchaseRecord): Message {
  const { paid } = purchase;
  const common: Message = {
    txnAmt: purchase.amountFen.toString(),
    currencyCode: '156',
    reqReserved: purchase.reqReserved,
  };
  // A purchase that was never settled has no queryId: not even a reversed one.
  if (paid === null) return common;
  return {
    ...common,
    ...settlement(purchase, paid.atMs, paid.settleFen),
    accNo: MASKED_CARD,
    payCardType: '01',
    payType: '0001',
  };
}

function settlement(
  names: { readonly queryId: string; readonly traceNo: string },
  atMs: number,
  settleFen: bigint,
): Message {
  return {
    queryId: names.queryId,
    traceNo: names.traceNo,
    traceTime: compactTime(atMs).slice(4),
    settleAmt: settleFen.toString(),
    settleCurrencyCode: '156',
    settleDate: clearingDay(atMs).slice(4),
  };
}

export function returnFields(returned: ReturnRecord): Message {
  return {
    txnAmt: returned.amountFen.toString(),
    currencyCode: '156',
    reqReserved: returned.reqReserved,
    origQryId: returned.origQryId,
    ...settlement(returned, returned.createdMs, returned.settleFen),
  };
}
