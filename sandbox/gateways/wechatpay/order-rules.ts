/**
 * The field rules of order creation, one table per family, and the rules that no table can express:
 * ownership of mchid and appid, notify_url, time_expire, openid, h5's scene.
 */
import { isIP } from 'node:net';
import { ok, type Result } from '../../../src/kernel/result.ts';
import { type JsonRecord, recordOf, recordsOf, textOf } from '../../../src/wires/wechatpay/json.ts';
import { parseTime } from '../../../src/wires/wechatpay/time.ts';
import type { TradeProduct } from '../../../src/wires/wechatpay/trade.ts';
import type { Call } from './context.ts';
import {
  brokenField,
  choice,
  type Fields,
  flag,
  integer,
  list,
  missingField,
  needed,
  object,
  type Rule,
  required,
  text,
} from './field-rules.ts';
import type { Family } from './records.ts';
import { type Refusal, refuse } from './refusal.ts';

type Checked = Result<void, Refusal>;
const FINE: Checked = ok(undefined);

const NUMBER_PATTERN = /^[0-9A-Za-z_\-|*]+$/;
export const MINUTE_MS = 60_000;

const outTradeNo = (label: string): Rule => {
  const number = {
    kind: 'text',
    label,
    charsMin: 6,
    charsMax: 32,
    pattern: NUMBER_PATTERN,
  } as const;
  return required(number);
};

const SCENE_INFO = object('场景信息', {
  payer_client_ip: needed('用户终端IP', 45),
  device_id: text('商户端设备号', 32),
  store_info: object('商户门店信息', {
    id: needed('门店编号', 32),
    name: text('门店名称', 256),
    area_code: text('地区编码', 32),
    address: text('详细地址', 512),
  }),
  h5_info: object('H5场景信息', {
    type: required(choice('场景类型', 'Wap', 'iOS', 'Android')),
    app_name: text('应用名称', 64),
    app_url: text('网站URL', 128),
    bundle_id: text('iOS平台BundleID', 128),
    package_name: text('Android平台PackageName', 128),
  }),
});

const SETTLE_INFO = object('结算信息', {
  profit_sharing: flag('是否指定分账'),
  subsidy_amount: integer('补差金额', 0),
});

const WAYS_TO_PAY = ['no_balance', 'no_credit', 'no_debit', 'balance_only'];
const LIMIT_PAY = list('指定支付方式', choice('指定支付方式', ...WAYS_TO_PAY), 0, 10);

const GOODS = object('单品', {
  merchant_goods_id: needed('商户侧商品编码', 32),
  wechatpay_goods_id: text('微信支付商品编码', 32),
  goods_name: text('商品名称', 256),
  quantity: required(integer('商品数量', 1)),
  unit_price: required(integer('商品单价', 0)),
});
const DETAIL: Rule = {
  kind: 'object',
  label: '优惠功能',
  bytesMax: 6144,
  fields: {
    cost_price: integer('订单原价', 0),
    invoice_id: text('商品小票ID', 32),
    goods_detail: list('单品列表', GOODS, 1, 6000),
  },
};

const COMMON: Fields = {
  description: needed('商品描述', 127),
  out_trade_no: outTradeNo('商户订单号'),
  time_expire: text('交易结束时间', 64),
  attach: text('附加数据', 128),
  notify_url: needed('通知地址', 255),
  goods_tag: text('订单优惠标记', 32),
  support_fapiao: flag('电子发票入口开放标识'),
  limit_pay: LIMIT_PAY,
  settle_info: SETTLE_INFO,
  amount: required(
    object('订单金额', {
      total: required(integer('总金额', 1)),
      currency: choice('货币类型', 'CNY'),
    }),
  ),
  detail: DETAIL,
  scene_info: SCENE_INFO,
};

const SUB_ORDER = object('子单信息', {
  mchid: needed('子单商户号', 32),
  sub_mchid: text('二级商户号', 32),
  sub_appid: text('子商户应用ID', 32),
  attach: needed('附加数据', 128),
  amount: required(
    object('订单金额', {
      total_amount: required(integer('标价金额', 1)),
      currency: required(choice('标价币种', 'CNY')),
    }),
  ),
  out_trade_no: outTradeNo('子单商户订单号'),
  goods_tag: text('订单优惠标记', 32),
  description: needed('商品描述', 127),
  detail: text('商品详情', 6000),
  settle_info: SETTLE_INFO,
});

/** Who acts and who is paid. */
const PARTIES: Readonly<Record<'direct' | 'partner', Fields>> = {
  direct: { appid: needed('公众号ID', 32), mchid: needed('直连商户号', 32) },
  partner: {
    sp_appid: needed('服务商应用ID', 32),
    sp_mchid: needed('服务商户号', 32),
    sub_appid: text('子商户应用ID', 32),
    sub_mchid: needed('子商户号', 32),
  },
};

const FIELDS: Readonly<Record<Family, Fields>> = {
  direct: { ...PARTIES.direct, ...COMMON },
  partner: { ...PARTIES.partner, ...COMMON },
  combine: {
    combine_appid: needed('合单商户Appid', 32),
    combine_mchid: needed('合单商户号', 32),
    combine_out_trade_no: outTradeNo('合单商户订单号'),
    scene_info: SCENE_INFO,
    sub_orders: required(list('子单信息', required(SUB_ORDER), 1, 50)),
    time_start: text('交易起始时间', 64),
    time_expire: text('交易结束时间', 64),
    notify_url: needed('通知地址', 255),
    limit_pay: LIMIT_PAY,
  },
};

const payer = (fields: Fields): Rule => required(object('支付者', fields));

const {
  time_expire: _expire,
  notify_url: _notify,
  limit_pay: _limit,
  scene_info: _scene,
  ...CODE_COMMON
} = COMMON;

const CODE_SCENE = object('场景信息', {
  store_info: required(
    object('商户门店信息', { id: text('门店编号', 32), out_id: text('商家自定义编码', 256) }),
  ),
  device_id: text('商户端设备号', 32),
  device_ip: text('商户端设备IP', 45),
});

/** Payment codes: no notify_url, no time_expire, and the counter's scene. */
export function codeOrderFields(family: 'direct' | 'partner'): Fields {
  return {
    ...PARTIES[family],
    ...CODE_COMMON,
    payer: payer({ auth_code: needed('付款码', 32) }),
    scene_info: required(CODE_SCENE),
  };
}

export function orderFields(family: Family, product: TradeProduct): Fields {
  if (product !== 'jsapi') return FIELDS[family];
  if (family === 'combine') {
    return { ...FIELDS.combine, combine_payer_info: payer({ openid: needed('用户标识', 128) }) };
  }
  const name = family === 'direct' ? 'openid' : 'sp_openid';
  return { ...FIELDS[family], payer: payer({ [name]: needed('用户标识', 128) }) };
}

/** The payer's openid, wherever the family has it. */
export function openidOf(family: Family, body: JsonRecord): string | null {
  if (family === 'combine') return textOf(recordOf(body, 'combine_payer_info'), 'openid') ?? null;
  const name = family === 'direct' ? 'openid' : 'sp_openid';
  return textOf(recordOf(body, 'payer'), name) ?? null;
}

/** Does the caller act for itself, with an appid and second-level merchants of its own? */
export function checkParties(call: Call, family: Family): Checked {
  const { account, body } = call;
  const [mchidName, appidName] = PARTY_NAMES[family];
  if (textOf(body, mchidName) !== account.mchid) {
    return refuse(403, 'NO_AUTH', `${mchidName}与Authorization中的mchid不一致`);
  }
  if (textOf(body, appidName) !== account.appid || textOf(body, 'sub_appid') !== undefined) {
    return refuse(400, 'APPID_MCHID_NOT_MATCH', 'appid和mchid不匹配，请检查后再试');
  }
  if (family === 'partner') return checkBound(call, textOf(body, 'sub_mchid'));
  if (family === 'direct') return FINE;
  const subs = recordsOf(body, 'sub_orders');
  for (const sub of subs) {
    if (textOf(sub, 'mchid') !== account.mchid) {
      return refuse(403, 'NO_AUTH', '子单mchid与合单商户号不一致');
    }
    const subMchid = textOf(sub, 'sub_mchid');
    const bound = subMchid === undefined ? FINE : checkBound(call, subMchid);
    if (!bound.ok) return bound;
  }
  return FINE;
}

const PARTY_NAMES: Readonly<Record<Family, readonly [string, string]>> = {
  direct: ['mchid', 'appid'],
  partner: ['sp_mchid', 'sp_appid'],
  combine: ['combine_mchid', 'combine_appid'],
};

/** A second-level merchant must be bound to the caller and another than the caller. */
export function checkBound(call: Call, subMchid: string | undefined): Checked {
  const isBound = call.account.subMerchants.some((merchant) => merchant.mchid === subMchid);
  return isBound ? FINE : refuse(403, 'NO_AUTH', '商户无权限：sub_mchid未与服务商绑定');
}

export function checkNotifyUrl(call: Pick<Call, 'context'>, url: string | undefined): Checked {
  if (url === undefined) return FINE;
  const wrong = (rest: string) => brokenField('/notify_url', url, '通知地址', rest);
  if (!URL.canParse(url)) return wrong('不是有效的URL');
  const { protocol, search, hash, username, hostname } = new URL(url);
  if (search !== '' || hash !== '' || url.includes('?')) return wrong('不允许携带查询串');
  if (username !== '') return wrong('不允许携带用户信息');
  if (call.context.kit.allowLocalCallbacks && protocol === 'http:') return FINE;
  if (protocol !== 'https:') return wrong('必须为https地址');
  const isLiteral = isIP(hostname.replace(/^\[|\]$/g, '')) !== 0;
  return isLiteral && !call.context.kit.allowLocalCallbacks ? wrong('不允许为IP地址') : FINE;
}

/** At least a minute ahead of the city's clock; without one an order lives seven days. */
export function readExpiry(call: Call): Result<number, Refusal> {
  const nowMs = call.context.kit.clock.nowMs();
  const value = textOf(call.body, 'time_expire');
  if (value === undefined) return ok(nowMs + 7 * 24 * 60 * MINUTE_MS);
  const expiresMs = parseTime(value);
  if (expiresMs === undefined) {
    return brokenField('/time_expire', value, '交易结束时间', '应遵循rfc3339标准格式');
  }
  if (expiresMs < nowMs + MINUTE_MS) {
    return brokenField('/time_expire', value, '交易结束时间', '应晚于当前时间一分钟以上');
  }
  return ok(expiresMs);
}

export function checkPayer(call: Call, family: Family, product: TradeProduct): Checked {
  const scene = recordOf(call.body, 'scene_info');
  if (product === 'h5' && recordOf(scene, 'h5_info') === undefined) {
    return missingField('/scene_info/h5_info', 'H5场景信息');
  }
  if (product !== 'jsapi') return FINE;
  const openid = openidOf(family, call.body);
  if (openid !== null && call.account.openids.includes(openid)) return FINE;
  return refuse(500, 'OPENID_MISMATCH', 'openid和appid不匹配，请检查后再试');
}
