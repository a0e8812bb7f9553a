/**
 * The door of APIv2, which payment codes and older merchants use: signed flat XML in, signed flat
 * XML out, HTTP always 200. Refusals before the signature holds are `return_code` FAIL and
 * unsigned; later ones are signed, with `result_code` FAIL and an `err_code`. Answers follow the
 * request's sign_type. The client certificate that /secapi wants is a matter of TLS, which the
 * city does not speak.
 */

import { readXml, type V2Fields, writeXml } from '../../../src/wires/wechatpay/message-v2.ts';
import {
  signV2,
  V2_SIGN_TYPES,
  type V2SignType,
  v2SignText,
  verifyV2,
} from '../../../src/wires/wechatpay/signature-v2.ts';
import { V2_PATHS, type V2Path } from '../../../src/wires/wechatpay/trade.ts';
import type { FaultName, Operation, WireRequest, WireResponse } from '../../kit/kit.ts';
import { PROXY_502 } from './answers.ts';
import type { Desk } from './context.ts';
import { refused, type V2Answer, type V2Call } from './context-v2.ts';
import { randomToken } from './numbers.ts';
import { closeOrder, orderQuery, unifiedOrder } from './orders-v2.ts';
import { micropay, reverse } from './payment-codes-v2.ts';
import type { AccountRecord } from './records.ts';
import { refund, refundQuery } from './refunds-v2.ts';

interface V2Route {
  readonly operation: Operation;
  readonly required: readonly string[];
  readonly run: (call: V2Call) => V2Answer;
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

type Handled = WireResponse | { readonly lost: true };

export function handleV2(desk: Desk, request: WireRequest, path: V2Path): Handled {
  if (request.method !== 'POST') return unsigned('请使用post方法');
  const text = request.body.toString('utf8');
  if (!Buffer.from(text).equals(request.body)) return unsigned('编码格式错误');
  const fields = readXml(text);
  if (fields === undefined) return unsigned('XML格式错误');
  for (const name of ['appid', 'mch_id', 'nonce_str', 'sign']) {
    if (!fields.get(name)) return unsigned(`缺少参数${name}`);
  }
  const account = desk.books.accounts.get(fields.get('mch_id') ?? '');
  if (account === undefined) return unsigned('mch_id参数格式错误');
  const signType = V2_SIGN_TYPES.find((type) => type === (fields.get('sign_type') ?? 'MD5'));
  if (signType === undefined) return unsigned('sign_type参数格式错误');
  const key = account.apiV2Key;
  if (key === undefined || !verifyV2(fields, key, signType)) {
    explain(desk, path, account, fields);
    return unsigned('签名错误');
  }
  const subMchid = fields.get('sub_mch_id') ?? null;
  return answer({ desk, account, fields, subMchid, signType }, path, { key, signType });
}

function explain(desk: Desk, path: V2Path, account: AccountRecord, fields: V2Fields): void {
  desk.kit.explanations.add({
    wallet: 'wechatpay',
    what: `POST ${path} of mch_id ${account.mchid}`,
    // Without the buyer's code: it may still be worth money.
    expected: `${v2SignText(fields).replace(/auth_code=[^&]*/, 'auth_code=…')}&key=<APIv2 key>`,
    received: null,
    hint: 'every field but sign and the empty ones, sorted, then &key= and the APIv2 key; MD5 or HMAC-SHA256 by sign_type; upper-case hex',
  });
}

const EARLY: readonly FaultName[] = ['html_502', 'rate_limited'];

function answer(
  call: V2Call,
  path: V2Path,
  seal: { readonly key: string; readonly signType: V2SignType },
): Handled {
  const { operation, required, run } = ROUTES[path];
  const take = (kinds: readonly FaultName[]) => takeFault(call, operation, kinds);
  const early = take(operation === 'close' ? ['close_lost', ...EARLY] : EARLY);
  if (early === 'close_lost') return { lost: true };
  if (early === 'html_502') return PROXY_502;
  if (early === 'rate_limited') {
    return signed(call, seal, refused('FREQUENCY_LIMITED', '频率限制'), false);
  }
  const missing = required.find((name) => !call.fields.get(name));
  const problem = partyProblem(call) ?? (missing && refused('LACK_PARAMS', `缺少参数${missing}`));
  const done = problem || run(call);
  const late = take(['answer_lost', 'server_error', 'signtest']);
  if (late === 'answer_lost') return { lost: true };
  if (late === 'server_error')
    return signed(call, seal, refused('SYSTEMERROR', '接口返回错误'), false);
  return signed(call, seal, done, late === 'signtest');
}

function partyProblem({ account, fields, subMchid }: V2Call): V2Answer | undefined {
  if (fields.get('appid') !== account.appid) {
    return refused('APPID_MCHID_NOT_MATCH', 'appid和mch_id不匹配');
  }
  if (subMchid === null) return undefined;
  const isBound = account.subMerchants.some(({ mchid }) => mchid === subMchid);
  return isBound ? undefined : refused('NOAUTH', '商户无此接口权限：sub_mch_id未绑定');
}

function takeFault(
  { desk, account, fields, subMchid }: V2Call,
  operation: Operation,
  kinds: readonly FaultName[],
): FaultName | undefined {
  const byTransaction = desk.books.lineByTransaction(fields.get('transaction_id') ?? '');
  const orderNo = fields.get('out_trade_no') ?? byTransaction?.line.outTradeNo;
  const merchant = subMchid ?? account.mchid;
  return desk.kit.faults.take({ wallet: 'wechatpay', operation, orderNo, merchant }, kinds);
}

function signed(
  { desk, account, subMchid }: V2Call,
  seal: { readonly key: string; readonly signType: V2SignType },
  outcome: V2Answer,
  isProbe: boolean,
): WireResponse {
  const fields = new Map<string, string>([
    ['return_code', 'SUCCESS'],
    ['return_msg', 'OK'],
    ['appid', account.appid],
    ['mch_id', account.mchid],
    ...(subMchid === null ? [] : [['sub_mch_id', subMchid] as const]),
    ['nonce_str', randomToken(desk.kit.random, 32)],
    ['result_code', outcome.ok ? 'SUCCESS' : 'FAIL'],
  ]);
  if (!outcome.ok) {
    fields.set('err_code', outcome.code).set('err_code_des', outcome.message);
  }
  for (const [name, value] of Object.entries(outcome.fields)) {
    if (value !== '') fields.set(name, value);
  }
  const sign = signV2(fields, seal.key, seal.signType);
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
