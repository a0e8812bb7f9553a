/**
 * The XML interface: decrypted, verified over the raw text, checked, answered. Refusals have a code
 * and no signature, as JD's do. There is no bypass: every call is verified.
 */

import { err, ok, type Result } from '../../../src/kernel/result.ts';
import { cutSign } from '../../../src/wires/jdpay/canonical.ts';
import {
  decryptInner,
  type OuterMessage,
  openMessage,
  readOuter,
  writeOuter,
} from '../../../src/wires/jdpay/message.ts';
import { PATHS, TRADE_TYPE } from '../../../src/wires/jdpay/trade.ts';
import { textOf, type XmlElement } from '../../../src/wires/jdpay/xml.ts';
import { gated } from '../../kit/gate.ts';
import type { Handled, Operation, WireRequest, WireResponse } from '../../kit/kit.ts';
import { sealedMessage } from './answers.ts';
import { type Call, type Context, type Handler, takeFault } from './context.ts';
import { explainMessage } from './explain.ts';
import { checkFields, type Fields, fieldOf, type ServiceName } from './field-rules.ts';
import { messageKeys } from './identity.ts';
import { query, uniorder } from './orders.ts';
import { fkmPay } from './payment-codes.ts';
import type { MerchantRecord } from './records.ts';
import { applyRefund, applyRevoke, queryByRefundNumber, queryRefund } from './refunds.ts';
import { RESULT_CODES, type Refusal, refuse } from './refusal.ts';

interface Service {
  readonly operation: Operation;
  readonly rules: ServiceName;
  readonly handler: Handler;
}

const REFUND_BY_QUERY: Service = {
  operation: 'query_refund',
  rules: 'query',
  handler: queryByRefundNumber,
};

const SERVICES: ReadonlyMap<string, Service> = new Map<string, Service>([
  [PATHS.uniorder, { operation: 'create', rules: 'uniorder', handler: uniorder }],
  [PATHS.fkmPay, { operation: 'create', rules: 'fkmPay', handler: fkmPay }],
  [PATHS.query, { operation: 'query', rules: 'query', handler: query }],
  [PATHS.queryRefund, { operation: 'query_refund', rules: 'queryRefund', handler: queryRefund }],
  [PATHS.refund, { operation: 'refund', rules: 'refund', handler: applyRefund }],
  [PATHS.revoke, { operation: 'close', rules: 'revoke', handler: applyRevoke }],
]);

export async function handleXml(context: Context, request: WireRequest): Promise<Handled> {
  if (request.method !== 'POST') return { status: 405, headers: { allow: 'POST' }, body: '' };
  const outer = readOuter(request.body);
  if (outer === undefined) {
    const desc = '报文格式错误 not an XML message of version V2.0 within the limit';
    return refusal('', { code: RESULT_CODES.unreadable, desc });
  }
  const service = SERVICES.get(request.path);
  if (service === undefined) {
    const desc = '接口不存在 the sandbox does not speak this service';
    return refusal(outer.merchant, { code: RESULT_CODES.serviceUnknown, desc });
  }
  const opened = openCall(context, request, outer);
  if (!opened.ok) return refusal(outer.merchant, opened.error);
  const isOfRefund = fieldOf(opened.value.fields, 'tradeType') === TRADE_TYPE.refund;
  const isRefundQuery = request.path === PATHS.query && isOfRefund;
  return answer(opened.value, isRefundQuery ? REFUND_BY_QUERY : service);
}

function openCall(
  context: Context,
  request: WireRequest,
  { merchant: number, encrypt }: OuterMessage,
): Result<Call, Refusal> {
  const merchant = context.store.merchants.get(number);
  if (merchant === undefined) return refuse('unknownMerchant', '商户号不存在 no such merchant');
  const opened = openMessage(messageKeys(context.kit, merchant), encrypt ?? '');
  if (!opened.ok) {
    switch (opened.error) {
      case 'too_long':
      case 'not_base64':
      case 'not_decryptable':
        return refuse('notDecryptable', `解密失败 encrypt cannot be opened: ${opened.error}`);
      case 'unsigned':
      case 'bad_signature':
        explainRefusal(context, request, merchant, encrypt ?? '');
        return refuse('badSignature', `验签失败 the signature does not verify: ${opened.error}`);
      case 'not_xml':
        return refuse('unreadable', '报文格式错误 the inner message is not readable XML');
    }
  }
  const { fields } = opened.value;
  if (textOf(fields, 'merchant') !== number) {
    return refuse('unreadable', '商户号不一致 inner and outer merchant differ');
  }
  const flat = flatFields(fields);
  return flat.ok ? ok({ context, merchant, fields: flat.value }) : flat;
}

/** The business fields; a repeated one makes the message unreadable. */
function flatFields(message: XmlElement): Result<Fields, Refusal> {
  const fields = new Map<string, string>();
  for (const { name, text } of message.children) {
    if (fields.has(name))
      return err({ code: RESULT_CODES.unreadable, desc: `${name} is repeated` });
    fields.set(name, text);
  }
  return ok(Object.fromEntries(fields));
}

function explainRefusal(
  context: Context,
  request: WireRequest,
  merchant: MerchantRecord,
  encrypt: string,
): void {
  const keys = messageKeys(context.kit, merchant);
  const inner = decryptInner(keys.desKey, encrypt);
  if (!inner.ok) return;
  const cut = cutSign(inner.value);
  const what = `${request.method} ${request.target} of merchant ${merchant.merchant}`;
  if (cut === undefined) {
    context.kit.explanations.add({
      ...{ wallet: 'jdpay', what, expected: inner.value, received: null },
      hint: 'there is no sign, or more than one: it stands once, just before </jdpay>',
    });
    return;
  }
  context.kit.explanations.add(explainMessage({ what, key: keys.publicKey, ...cut }));
}

async function answer(call: Call, { operation, rules, handler }: Service): Promise<Handled> {
  const { context, merchant } = call;
  return gated({
    operation,
    take: (kinds) => takeFault(call, operation, kinds),
    limited: () =>
      refusal(merchant.merchant, { code: RESULT_CODES.rateLimited, desc: '请求过于频繁' }),
    run: () => {
      const checked = checkFields(call.fields, rules);
      return checked.ok ? handler(call) : checked;
    },
    broken: () => SERVER_ERROR,
    seal: (answered, late) => {
      if (!answered.ok) return refusal(merchant.merchant, answered.error);
      const isForged = late === 'signtest';
      return xml(sealedMessage(context, merchant, { fields: answered.value, isForged }));
    },
  });
}

function refusal(merchant: string, result: Refusal): WireResponse {
  return xml(writeOuter({ merchant, result }));
}

function xml(body: string): WireResponse {
  return { status: 200, headers: { 'content-type': 'application/xml;charset=UTF-8' }, body };
}

/** After the operation was accepted: the client must query the same numbers. */
const SERVER_ERROR: WireResponse = {
  status: 500,
  headers: { server: 'nginx', 'content-type': 'text/html' },
  body: '<html><head><title>500</title></head><body><h1>500 Internal Server Error</h1></body></html>',
};
