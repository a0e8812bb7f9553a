/**
 * APIv2, which payment codes and older merchants use: signed flat XML in, signed flat XML out, HTTP
 * always 200. Refusals before the signature is verified are `return_code` FAIL and unsigned; later
 * ones are signed, with `result_code` FAIL and an `err_code`. Answers use the request's sign_type.
 * The client certificate that /secapi requires is part of TLS, which the city does not implement.
 */
import { readXml, type V2Fields, writeXml } from '../../../src/wires/wechatpay/message-v2.ts';
import { signV2, V2_SIGN_TYPES, verifyV2 } from '../../../src/wires/wechatpay/signature-v2.ts';
import { V2_PATHS, type V2Path } from '../../../src/wires/wechatpay/trade.ts';
import { gated } from '../../kit/gate.ts';
import type { FaultName, Handled, Operation, WireRequest, WireResponse } from '../../kit/kit.ts';
import type { Context } from './context.ts';
import { type AnswerV2, type CallV2, refused } from './context-v2.ts';
import { explainSignatureV2 } from './explain.ts';
import { randomToken } from './numbers.ts';
import { closeOrder, orderQuery, unifiedOrder } from './orders-v2.ts';
import { micropay, reverse } from './payment-codes-v2.ts';
import { refund, refundQuery } from './refunds-v2.ts';

interface V2Route {
  readonly operation: Operation;
  readonly required: readonly string[];
  readonly run: (call: CallV2) => AnswerV2;
}

const ROUTES: Readonly<Record<V2Path, V2Route>> = {
  [V2_PATHS.micropay]: {
    operation: 'create',
    required: ['body', 'out_trade_no', 'total_fee', 'spbill_create_ip', 'auth_code'],
    run: micropay,
  },
  [V2_PATHS.orderQuery]: { operation: 'query', required: [], run: orderQuery },
  [V2_PATHS.reverse]: { operation: 'close', required: [], run: reverse },
  [V2_PATHS.unifiedOrder]: {
    operation: 'create',
    required: [
      ...['body', 'out_trade_no', 'total_fee', 'spbill_create_ip', 'notify_url', 'trade_type'],
    ],
    run: unifiedOrder,
  },
  [V2_PATHS.closeOrder]: { operation: 'close', required: ['out_trade_no'], run: closeOrder },
  [V2_PATHS.refund]: {
    operation: 'refund',
    required: ['out_refund_no', 'total_fee', 'refund_fee'],
    run: refund,
  },
  [V2_PATHS.refundQuery]: { operation: 'query_refund', required: [], run: refundQuery },
};

export function isV2Path(path: string): path is V2Path {
  return Object.hasOwn(ROUTES, path);
}

export async function handleV2(
  context: Context,
  request: WireRequest,
  path: V2Path,
): Promise<Handled> {
  if (request.method !== 'POST') return unsigned('请使用post方法');
  const text = request.body.toString('utf8');
  if (!Buffer.from(text).equals(request.body)) return unsigned('编码格式错误');
  const fields = readXml(text);
  if (fields === undefined) return unsigned('XML格式错误');
  for (const name of ['appid', 'mch_id', 'nonce_str', 'sign']) {
    if (!fields.get(name)) return unsigned(`缺少参数${name}`);
  }
  const account = context.store.accounts.get(fields.get('mch_id') ?? '');
  if (account === undefined) return unsigned('mch_id参数格式错误');
  const signType = V2_SIGN_TYPES.find((type) => type === (fields.get('sign_type') ?? 'MD5'));
  if (signType === undefined) return unsigned('sign_type参数格式错误');
  const key = account.apiV2Key;
  if (key === undefined || !verifyV2(fields, key, signType)) {
    context.kit.explanations.add(explainSignatureV2(path, account, fields));
    return unsigned('签名错误');
  }
  const subMchid = fields.get('sub_mch_id') ?? null;
  return answer({ context, account, fields, subMchid, signType }, path, key);
}

function answer(call: CallV2, path: V2Path, key: string): Promise<Handled> {
  const { operation, required, run } = ROUTES[path];
  return gated({
    operation,
    take: (kinds) => takeFault(call, operation, kinds),
    limited: () => signed(call, key, refused('FREQUENCY_LIMITED', '频率限制'), false),
    run: () => {
      const missing = required.find((name) => !call.fields.get(name));
      const lacks = missing && refused('LACK_PARAMS', `缺少参数${missing}`);
      return partyProblem(call) ?? (lacks || run(call));
    },
    broken: () => signed(call, key, refused('SYSTEMERROR', '接口返回错误'), false),
    seal: (answered, late) => signed(call, key, answered, late === 'signtest'),
  });
}

function partyProblem({ account, fields, subMchid }: CallV2): AnswerV2 | undefined {
  if (fields.get('appid') !== account.appid) {
    return refused('APPID_MCHID_NOT_MATCH', 'appid和mch_id不匹配');
  }
  if (subMchid === null) return undefined;
  const isBound = account.subMerchants.some(({ mchid }) => mchid === subMchid);
  return isBound ? undefined : refused('NOAUTH', '商户无此接口权限：sub_mch_id未绑定');
}

function takeFault(
  { context, account, fields, subMchid }: CallV2,
  operation: Operation,
  kinds: readonly FaultName[],
): FaultName | undefined {
  const byTransaction = context.store.lineByTransaction(fields.get('transaction_id') ?? '');
  const orderNo = fields.get('out_trade_no') ?? byTransaction?.line.outTradeNo;
  const merchant = subMchid ?? account.mchid;
  return context.kit.faults.take({ wallet: 'wechatpay', operation, orderNo, merchant }, kinds);
}

function signed(
  { context, account, subMchid, signType }: CallV2,
  key: string,
  outcome: AnswerV2,
  isProbe: boolean,
): WireResponse {
  const fields = new Map<string, string>([
    ['return_code', 'SUCCESS'],
    ['return_msg', 'OK'],
    ['appid', account.appid],
    ['mch_id', account.mchid],
    ...(subMchid === null ? [] : [['sub_mch_id', subMchid] as const]),
    ['nonce_str', randomToken(context.kit.random, 32)],
    ['result_code', outcome.ok ? 'SUCCESS' : 'FAIL'],
  ]);
  if (!outcome.ok) {
    fields.set('err_code', outcome.code).set('err_code_des', outcome.message);
  }
  for (const [name, value] of Object.entries(outcome.fields)) {
    if (value !== '') fields.set(name, value);
  }
  const sign = signV2(fields, key, signType);
  fields.set('sign', isProbe ? [...sign].reverse().join('') : sign);
  return xml(fields);
}

function unsigned(message: string): WireResponse {
  return xml(
    new Map([
      ['return_code', 'FAIL'],
      ['return_msg', message],
    ]),
  );
}

function xml(fields: V2Fields): WireResponse {
  return {
    status: 200,
    headers: { server: 'nginx', 'content-type': 'text/xml; charset=utf-8' },
    body: writeXml(fields),
  };
}
