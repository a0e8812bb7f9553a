/**
 * Parsers of what stands in our own codes and what others say back of it: the address inside an
 * EMVCo code as the phone reads it, the short code behind `/q/`, order and refund numbers. They are
 * read back by writing them again, or by a shape of this file's own.
 */

import { isCashierUrl, isCounterUrl } from '../../sandbox/phone/cashier-jump.ts';
import { readCashierPage, screenOf } from '../../sandbox/phone/cashier-page.ts';
import { readCode } from '../../sandbox/phone/code-text.ts';
import { readEmvAddress } from '../../sandbox/phone/emv-address.ts';
import {
  orderNumber,
  parseOrderNumber,
  parseRefundNumber,
  type RefundNumberParts,
  refundNumber,
} from '../../src/core/payment/order-number.ts';
import {
  type HandOutName,
  parseHandOutToken,
  parseShortCode,
} from '../../src/flows/base/tokens.ts';
import { formatId } from '../../src/kernel/id.ts';
import { crc16Text } from '../../src/wires/qr/crc16.ts';
import { templateAccount, UNIONPAY_RID } from '../../src/wires/qr/merchant-account.ts';
import { CNY_NUMERIC } from '../../src/wires/qr/mpm.ts';
import { encodeMpm } from '../../src/wires/qr/mpm-encode.ts';
import type { FuzzParser, FuzzResult } from './parser.ts';

const utf8 = (texts: readonly string[]) => texts.map((text) => Buffer.from(text, 'utf8'));

const ADDRESS = 'https://pay.example/q/0A1B2C3D4E5F6abcdef0123456789';

function emvOf(address: string, amount: string | null): string {
  const payload = encodeMpm({
    initiation: amount === null ? 'static' : 'dynamic',
    accounts: [templateAccount('26', UNIONPAY_RID, [{ id: '01', value: address }])],
    ...{ categoryCode: '0000', currency: CNY_NUMERIC, amount, tip: null, country: 'CN' },
    ...{ merchantName: 'TAOBAO', merchantCity: 'CHINA', postalCode: null },
    additional: [{ id: '05', value: 'ORDER0001' }],
    alternate: { language: 'ZH', name: '老街茶铺', city: null },
    extensions: [],
  });
  if (!payload.ok) throw new Error(payload.error.message);
  return payload.value;
}

const EMV_SEEDS = [
  emvOf(ADDRESS, '10.50'),
  emvOf('http://127.0.0.1:4000/c/0123456789abcdef0123', null),
];

/** The phone's way of a scanned text: read, then its address taken out for QuickPass. */
function scan(text: string): FuzzResult {
  const read = readCode(text);
  if (!read.ok) return read;
  const code = readEmvAddress(read.value, 'unionpay');
  if (!code.ok || typeof code.value !== 'string') return code;
  isCashierUrl(code.value);
  isCounterUrl(code.value);
  return code;
}

/** Accepted, it is an address, and stands in the code letter by letter. */
const isStrange = (input: Buffer, accepted: unknown): boolean =>
  typeof accepted !== 'string' ||
  (input.toString('utf8').trim() !== accepted &&
    !(/^https?:/i.test(accepted) && input.toString('utf8').includes(accepted)));

const orUndefined = (value: unknown): FuzzResult =>
  value === undefined ? { ok: false, error: { code: 'not_ours' } } : { ok: true, value };

const [INTENT, ATTEMPT, REFUND] = [
  formatId('payment_intent', 123_456_789_012_345n),
  formatId('payment_attempt', 2n ** 62n + 7n),
  formatId('refund', 99n),
];

export const CODE_PARSERS: readonly FuzzParser[] = [
  {
    name: 'scanned by the phone: address in an EMVCo code',
    seeds: utf8(EMV_SEEDS),
    parse: (input) => scan(input.toString('utf8')),
    isForgery: (input, accepted) => isStrange(input, accepted),
  },
  {
    name: 'scanned by the phone: EMVCo code, CRC recomputed',
    seeds: utf8(EMV_SEEDS.map((payload) => payload.slice(0, -8))),
    parse: (input) => {
      const body = `${input.toString('utf8')}6304`;
      return scan(`${body}${crc16Text(body)}`);
    },
  },
  {
    name: 'scanned by the phone: a next_action as text',
    seeds: utf8([
      ADDRESS,
      JSON.stringify({ type: 'qr_code', code: 'weixin://wxpay/bizpayurl?pr=abc' }),
      JSON.stringify({ type: 'form', action: 'https://pay.example', fields: { a: '1' } }),
    ]),
    parse: (input) => scan(input.toString('utf8')),
  },
  {
    name: 'short code of a payment (/q/)',
    seeds: utf8([`${INTENT.slice(3)}0123456789abcdef0123`]),
    parse: (input) => orUndefined(parseShortCode(input.toString('utf8'))),
    isForgery: (input, accepted) =>
      accepted !== `pi_${input.toString('utf8').slice(0, INTENT.length - 3)}`,
  },
  {
    name: 'token of a hand-out page (/pay/go/)',
    seeds: utf8(
      ['c', 'm'].map(
        (origin) => `${origin}${INTENT.slice(3)}${ATTEMPT.slice(3)}${'0a'.repeat(20)}`,
      ),
    ),
    parse: (input) => orUndefined(parseHandOutToken(input.toString('utf8'))),
    isForgery: (input, accepted) => {
      const { intent, attempt, origin } = accepted as HandOutName & { readonly intent: string };
      const named = `${origin === 'cashier' ? 'c' : 'm'}${intent.slice(3)}${attempt.slice(3)}`;
      return !input.toString('utf8').startsWith(named);
    },
  },
  {
    name: 'opened by the phone: a page of the cashier',
    seeds: utf8([
      '<main id="main" data-screen="expired"></main>',
      '<main data-screen="waiting"><script id="next-action">{"type":"redirect","url":"https://pay.example/pay/go/x"}</script></main>',
      '<form action="/pay/x/attempts"><input name="wallet" value="jdpay"><input name="product" value="h5"><button data-start="pa_1">x</button></form>',
    ]),
    parse: (input) => {
      const page = input.toString('utf8');
      const screen = screenOf(page);
      const read = readCashierPage(page);
      return read.ok || screen === undefined
        ? orUndefined(read.ok ? read.value : undefined)
        : { ok: true, value: screen };
    },
    isForgery: (_input, accepted) => typeof accepted === 'string' && !/^[a-z-]+$/.test(accepted),
  },
  {
    name: 'order number',
    seeds: utf8([orderNumber(INTENT, ATTEMPT, 0), orderNumber(INTENT, ATTEMPT, 99)]),
    parse: (input) => orUndefined(parseOrderNumber(input.toString('utf8'))),
    isForgery: (input, accepted) => {
      const { intent, attempt } = accepted as { intent: typeof INTENT; attempt: typeof ATTEMPT };
      const text = input.toString('utf8');
      return orderNumber(intent, attempt, Number(text.slice(-2))) !== text;
    },
  },
  {
    name: 'refund number',
    seeds: utf8([refundNumber(INTENT, REFUND, 1), refundNumber(INTENT, REFUND, 9)]),
    parse: (input) => orUndefined(parseRefundNumber(input.toString('utf8'))),
    isForgery: (input, accepted) => {
      const { intent, refund, ordinal } = accepted as RefundNumberParts;
      return refundNumber(intent, refund, ordinal) !== input.toString('utf8');
    },
  },
];
