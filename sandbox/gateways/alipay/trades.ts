/** Methods on a trade that exists, or may: query and close; also the look-up for all others. */
import { err, ok, type Result } from '../../../src/kernel/result.ts';
import type { GatewayError } from '../../../src/wires/alipay/gateway-errors.ts';
import { type JsonObject, textField } from '../../../src/wires/alipay/json-text.ts';
import { type Answer, businessError, refusal, refuse, success } from './answers.ts';
import type { Context, Method, MethodCall } from './context.ts';
import { invalid } from './field-rules.ts';
import { distort, queryFields } from './present.ts';
import type { TradeRecord } from './records.ts';

/** By trade_no (which wins) or out_trade_no, within the caller's own account. */
export function findTrade(
  context: Context,
  pid: string,
  content: JsonObject,
): Result<TradeRecord, GatewayError> {
  const tradeNo = textField(content, 'trade_no');
  const outTradeNo = textField(content, 'out_trade_no');
  if (tradeNo === undefined && outTradeNo === undefined) {
    return invalid('out_trade_no');
  }
  const trade =
    tradeNo === undefined
      ? context.store.find(pid, outTradeNo ?? '')
      : context.store.trades.find('tradeNo', tradeNo);
  const isOurs = trade?.order.pid === pid;
  return trade !== undefined && isOurs ? ok(trade) : err(businessError('ACQ.TRADE_NOT_EXIST'));
}

export function onTrade(run: (context: Context, call: MethodCall, trade: TradeRecord) => Answer) {
  return (context: Context, call: MethodCall): Answer => {
    const found = findTrade(context, call.app.pid, call.content);
    return found.ok ? run(context, call, found.value) : refusal(found.error);
  };
}

const query: Method = {
  operation: 'query',
  run: onTrade((context, call, trade) => {
    const fields = queryFields(trade, context.identity().buyer.logonId);
    return success(distort(context.kit, trade, fields, call.fault));
  }),
};

const close: Method = {
  operation: 'close',
  run: onTrade((context, _call, trade) => {
    if (!context.store.close(trade)) return refuse('ACQ.TRADE_STATUS_ERROR');
    return success({ trade_no: trade.tradeNo, out_trade_no: trade.order.outTradeNo });
  }),
};

export const TRADE_METHODS: Readonly<Record<string, Method>> = {
  'alipay.trade.query': query,
  'alipay.trade.close': close,
};
