/**
 * The switch's part of `/control`: its table, read and replaced, and a day's clearing.
 */
import { fenToJson } from '../../src/kernel/money.ts';
import type { Clock } from '../../src/runtime/clock.ts';
import { beijingDate, isDate } from '../../src/wires/beijing-time.ts';
import { inputErrorAnswer, jsonAnswer, jsonError, readObject } from '../http/json.ts';
import type { WireRequest, WireResponse } from '../kit/kit.ts';
import type { PairClearing } from './clearing.ts';
import type { Switch } from './switch.ts';
import { readTable } from './table.ts';

export function showTable({ table }: Switch): WireResponse {
  const pairs = table
    .pairs()
    .map(({ payer, acceptor }) => ({ payer_wallet: payer, acceptor_wallet: acceptor }));
  return jsonAnswer(200, { object: 'interconnect', pairs });
}

export function replaceTable(own: Switch, request: WireRequest): WireResponse {
  const body = readObject(request, ['pairs']);
  const pairs = body.ok ? readTable(body.value) : body;
  if (!pairs.ok) return inputErrorAnswer(pairs.error);
  own.table.replace(pairs.value);
  return showTable(own);
}

/** `?date=2026-12-01`; by default today in Beijing, by the city's clock. */
export function showClearing(own: Switch, clock: Clock, request: WireRequest): WireResponse {
  const date = new URLSearchParams(request.queryText).get('date') ?? beijingDate(clock.nowMs());
  if (!isDate(date)) {
    return jsonError(400, 'parameter_invalid', 'date is like 2026-12-01', 'date');
  }
  own.post();
  const { state, pairs, positions } = own.clearing(date);
  return jsonAnswer(200, {
    object: 'clearing',
    date,
    state,
    currency: 'cny',
    pairs: pairs.map((pair) => presentPair(date, state, pair)),
    positions: positions.map((row) => ({
      wallet: row.wallet,
      receivable: fenToJson(row.receivableFen),
      payable: fenToJson(row.payableFen),
      net: fenToJson(row.netFen),
    })),
  });
}

function presentPair(
  date: string,
  state: 'open' | 'closed',
  pair: PairClearing,
): Record<string, unknown> {
  const file = `sandbox/clearing/${date}/${pair.payer}-${pair.acceptor}.csv`;
  return {
    payer_wallet: pair.payer,
    acceptor_wallet: pair.acceptor,
    payment_count: pair.paymentCount,
    payment_amount: fenToJson(pair.paymentFen),
    refund_count: pair.refundCount,
    refund_amount: fenToJson(pair.refundFen),
    net: fenToJson(pair.netFen),
    file: state === 'closed' ? file : null,
    movements: pair.movements.map((row) => ({
      kind: row.kind,
      order_no: row.orderNo,
      transaction_id: row.transactionId,
      merchant: row.merchant,
      amount: fenToJson(row.amountFen),
      posted_at: new Date(row.postedAtMs).toISOString(),
    })),
  };
}
