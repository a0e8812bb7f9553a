/**
 * Field rules as data: the required fields of each call, and the format of each field. Lengths are
 * in the wallet's documents. Unknown fields are ignored.
 */
import { ok, type Result } from '../../../src/kernel/result.ts';
import { parseCompactTime } from '../../../src/wires/beijing-time.ts';
import { type Fields, fieldOf } from '../../../src/wires/samplepay/message.ts';
import { CURRENCY } from '../../../src/wires/samplepay/trade.ts';
import { type Refusal, refuse } from './context.ts';

interface Rule {
  readonly what: string;
  readonly isGood: (value: string) => boolean;
}

const pattern = (what: string, form: RegExp): Rule => ({ what, isGood: (text) => form.test(text) });
const chars = (max: number): Rule => {
  return { what: `1 to ${max} characters`, isGood: (text) => [...text].length <= max };
};
const NUMBER = pattern('1 to 32 letters, digits, - or _', /^[0-9A-Za-z_-]{1,32}$/);
const ADDRESS: Rule = {
  what: 'an http or https URL of at most 256 characters',
  isGood: (text) => text.length <= 256 && /^https?:\/\//.test(text) && URL.canParse(text),
};

const RULES: Readonly<Record<string, Rule>> = {
  order_no: NUMBER,
  refund_no: NUMBER,
  sub_merchant: pattern('1 to 64 letters and digits', /^[0-9A-Za-z]{1,64}$/),
  amount: pattern('fen, a positive integer', /^[1-9]\d{0,12}$/),
  currency: { what: CURRENCY, isGood: (text) => text === CURRENCY },
  description: chars(128),
  reason: chars(80),
  notify_url: ADDRESS,
  return_url: ADDRESS,
  expires_at: {
    what: 'yyyyMMddHHmmss, in Beijing',
    isGood: (text) => parseCompactTime(text) !== undefined,
  },
  auth_code: pattern('the digits of a payment code', /^\d{16,24}$/),
};

const PURCHASE = [
  ...['order_no', 'sub_merchant', 'amount', 'currency'],
  ...['description', 'notify_url', 'expires_at'],
];
const REQUIRED = {
  order: PURCHASE,
  charge: [...PURCHASE, 'auth_code'],
  /** For query, close and reverse. */
  named: ['order_no'],
  refund: ['refund_no', 'order_no', 'amount', 'currency', 'notify_url'],
  queryRefund: ['refund_no'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export function checkFields(fields: Fields, call: keyof typeof REQUIRED): Result<void, Refusal> {
  const required: readonly string[] = REQUIRED[call];
  const missing = required.find((name) => (fieldOf(fields, name) ?? '') === '');
  if (missing !== undefined) return refuse('fieldInvalid', `${missing} is required`);
  for (const [name, rule] of Object.entries(RULES)) {
    const value = fieldOf(fields, name) ?? '';
    if (value !== '' && !rule.isGood(value))
      return refuse('fieldInvalid', `${name} is not ${rule.what}`);
  }
  return ok(undefined);
}
