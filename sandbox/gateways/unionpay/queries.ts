/**
 * Query (00) of any transaction by orderId + txnTime (sub type 00) or queryId (02). respCode says
 * whether the query worked, origRespCode what became of the transaction. A purchase never shows
 * that it was refunded: the refund is a transaction of its own. Too many queries give 37.
 */
import type { RespCode } from '../../../src/wires/unionpay/resp-codes.ts';
import { RESP_TEXTS } from '../../../src/wires/unionpay/resp-codes.ts';
import type { CityKit } from '../../kit/kit.ts';
import { type Answer, type Call, keyOf } from './context.ts';
import { checkFields } from './field-rules.ts';
import { purchaseFields, returnFields } from './present.ts';
import type { PurchaseRecord, ReturnRecord } from './records.ts';

/** Not published: this sandbox's own limit on the queries of one transaction. */
const WINDOW_MS = 10_000;
const QUERIES_MAX = 40;

export type QueryMeter = (key: string) => boolean;

/** In memory only: the limit concerns seconds. */
export function openQueryMeter(kit: Pick<CityKit, 'wall'>): QueryMeter {
  let startedMs = 0;
  let counts = new Map<string, number>();
  return (key) => {
    const nowMs = kit.wall.nowMs();
    if (nowMs - startedMs > WINDOW_MS) {
      startedMs = nowMs;
      counts = new Map();
    }
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    return count <= QUERIES_MAX;
  };
}

export function query(call: Call): Answer {
  const isById = call.fields.get('txnSubType') === '02';
  const needed = ['txnType', 'txnSubType', 'bizType', 'accessType', 'merId'];
  const named = isById ? ['queryId'] : ['orderId', 'txnTime'];
  const problem = checkFields(call.fields, [...needed, ...named]);
  if (problem !== undefined) return problem;
  const found = findTransaction(call, isById);
  const asked = found?.key ?? `${call.merchant.merId}/${call.fields.get('orderId') ?? ''}`;
  if (!call.context.meter(asked)) return { respCode: '37' };
  if (found === undefined || found.merId !== call.merchant.merId) return { respCode: '34' };
  const outcome = 'state' in found ? purchaseOutcome(found) : returnOutcome(found);
  const state = 'state' in found ? purchaseFields(found) : returnFields(found);
  const { orderId, txnTime } = found;
  return {
    respCode: '00',
    fields: {
      ...state,
      ...{ orderId, txnTime },
      origRespCode: outcome,
      origRespMsg: RESP_TEXTS[outcome],
    },
  };
}

function findTransaction(call: Call, isById: boolean): PurchaseRecord | ReturnRecord | undefined {
  const { store } = call.context;
  if (!isById) return store.transaction(keyOf(call));
  const queryId = call.fields.get('queryId') ?? '';
  return store.purchases.find('queryId', queryId) ?? store.returns.find('queryId', queryId);
}

function purchaseOutcome(purchase: PurchaseRecord): RespCode {
  if (purchase.state === 'open') return '05';
  return purchase.state === 'paid' ? '00' : (purchase.failCode ?? '01');
}

function returnOutcome(returned: ReturnRecord): RespCode {
  return returned.dueMs === null ? '00' : '05';
}
