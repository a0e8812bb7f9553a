/**
 * Field rules as data: the required fields of each service, and the format of each field. Required
 * fields are those that public clients name; lengths are the city's, since JD's are not public.
 * Unknown fields are ignored.
 */
import { ok, type Result } from '../../../src/kernel/result.ts';
import { parseCompactTime } from '../../../src/wires/beijing-time.ts';
import { CURRENCY, ORDER_TRADE_TYPES, TRADE_TYPE } from '../../../src/wires/jdpay/trade.ts';
import { type Refusal, refuse } from './refusal.ts';

/** The business fields of one request, plain and verified. */
export type Fields = Readonly<Record<string, string>>;

export function fieldOf(fields: Fields, name: string): string {
  return Object.hasOwn(fields, name) ? (fields[name] ?? '') : '';
}

interface Rule {
  readonly what: string;
  readonly isGood: (value: string) => boolean;
}

const pattern = (what: string, form: RegExp): Rule => ({ what, isGood: (text) => form.test(text) });
const chars = (max: number): Rule => {
  return { what: `1 to ${max} characters`, isGood: (text) => [...text].length <= max };
};
const oneOf = (...values: readonly string[]): Rule => {
  return { what: `one of ${values.join(', ')}`, isGood: (text) => values.includes(text) };
};
const NUMBER = pattern('1 to 30 letters, digits, - or _', /^[0-9A-Za-z_-]{1,30}$/);
const URL_RULE: Rule = {
  what: 'an http or https URL of at most 256 characters',
  isGood: (text) => text.length <= 256 && /^https?:\/\//.test(text) && URL.canParse(text),
};

/** The format of a field, in every service. */
const RULES: Readonly<Record<string, Rule>> = {
  tradeNum: NUMBER,
  oTradeNum: NUMBER,
  tradeName: chars(128),
  tradeDesc: chars(512),
  note: chars(256),
  tradeTime: {
    what: 'yyyyMMddHHmmss',
    isGood: (text) => parseCompactTime(text) !== undefined,
  },
  amount: pattern('fen, a positive integer', /^[1-9]\d{0,12}$/),
  currency: oneOf(CURRENCY),
  orderType: oneOf('0', '1'),
  notifyUrl: URL_RULE,
  callbackUrl: URL_RULE,
  userId: chars(64),
  device: chars(64),
  ip: chars(64),
  expireTime: pattern(
    'seconds, 1 to 2592000',
    /^(?:[1-9]\d{0,5}|1\d{6}|2[0-4]\d{5}|25[0-8]\d{4}|259[01]\d{3}|2592000)$/,
  ),
  token: pattern('the digits of a payment code', /^\d{16,24}$/),
};

const CREATION = ['tradeNum', 'tradeName', 'amount', 'orderType', 'notifyUrl', 'userId'];

const REQUIRED = {
  uniorder: CREATION,
  saveOrder: [...CREATION, 'callbackUrl'],
  fkmPay: ['tradeNum', 'tradeName', 'amount', 'device', 'token'],
  query: ['tradeNum', 'tradeType'],
  queryRefund: ['tradeType', 'oTradeNum'],
  refund: ['tradeNum', 'oTradeNum', 'amount', 'notifyUrl'],
  revoke: ['tradeNum', 'oTradeNum', 'amount'],
} as const satisfies Readonly<Record<string, readonly string[]>>;
export type ServiceName = keyof typeof REQUIRED;

/** The allowed values of tradeType depend on the service. */
const TRADE_TYPES: Readonly<Record<ServiceName, readonly string[]>> = {
  uniorder: ORDER_TRADE_TYPES,
  saveOrder: ORDER_TRADE_TYPES,
  fkmPay: ORDER_TRADE_TYPES,
  query: [TRADE_TYPE.purchase, TRADE_TYPE.refund],
  queryRefund: [TRADE_TYPE.refund],
  refund: [TRADE_TYPE.refund],
  revoke: [TRADE_TYPE.refund],
};

export function checkFields(fields: Fields, service: ServiceName): Result<void, Refusal> {
  for (const name of REQUIRED[service]) {
    if (fieldOf(fields, name) === '') return refuse('fieldInvalid', `${name}不能为空 is required`);
  }
  const rules = { ...RULES, tradeType: oneOf(...TRADE_TYPES[service]) };
  for (const [name, rule] of Object.entries(rules)) {
    const value = fieldOf(fields, name);
    if (value === '' || rule.isGood(value)) continue;
    return refuse('fieldInvalid', `${name}格式错误 is not ${rule.what}`);
  }
  return ok(undefined);
}
