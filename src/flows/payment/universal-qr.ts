/**
 * Universal QR: an address of ours that any wallet's app may scan, and the same address inside an
 * EMVCo merchant code for apps that read only those. The page behind it recognizes the app by its
 * User-Agent. The code itself moves no money: a payment is always an attempt.
 *
 * UnionPay does not publish what it puts into its own templates. Ours stands under UnionPay's RID
 * with the address in sub-object 01: a QuickPass app that knows it opens it, any other refuses the
 * code.
 */

import type { Marketplace, Merchant } from '../../core/merchant/merchant.ts';
import type { Payment } from '../../core/payment/model.ts';
import { hutongError } from '../../kernel/errors.ts';
import { type Fen, fenToYuan } from '../../kernel/money.ts';
import { err, ok } from '../../kernel/result.ts';
import { readPayment } from '../../store/payment/queries.ts';
import { templateAccount, UNIONPAY_RID } from '../../wires/qr/merchant-account.ts';
import { CNY_NUMERIC } from '../../wires/qr/mpm.ts';
import { encodeMpm } from '../../wires/qr/mpm-encode.ts';
import type { Outcome } from '../base/outcome.ts';
import type { Platform } from '../base/platform.ts';
import { attemptFind, findCart } from '../base/read-payment.ts';
import { isSameSecret, parseShortCode, payTokenOf, shortCodeOf } from '../base/tokens.ts';
import { merchantsOf } from './cart-merchants.ts';

export interface UniversalQr {
  /** For every app: the content of the QR code. */
  readonly url: string;
  /** EMVCo merchant-presented; null if the address is too long for a template. */
  readonly emv: string | null;
}

const URL_TEMPLATE = '26';
const URL_FIELD = '01';
const NAME_LENGTH_MAX = 25;
/** ISO 18245 has no category of a marketplace: not specified. */
const NO_CATEGORY = '0000';

/** The code of one payment: dynamic, with its amount, and its number as the reference. */
export async function codeOf(platform: Platform, payment: Payment): Outcome<UniversalQr> {
  const { intent } = payment;
  const payees = merchantsOf(payment);
  const entry = await findCart(platform, intent.marketplace, payees);
  if (!entry.ok) return entry;
  const { marketplace, merchants } = entry.value;
  const [first, ...others] = payees;
  const only = first !== undefined && others.length === 0 ? merchants.get(first) : undefined;
  const url = `${platform.publicUrl}/q/${shortCodeOf(platform.envelope, payment)}`;
  const emv = emvOf(url, {
    marketplace,
    payee: only?.name ?? marketplace.displayName,
    amountFen: intent.amountFen,
    label: { id: '05', value: intent.id.slice(intent.id.indexOf('_') + 1) },
  });
  return ok({ url, emv });
}

/** The printed code of a counter: static, and the payer types the amount. */
export function counterCode(
  platform: Platform,
  counter: { readonly id: string; readonly token: string },
  names: { readonly marketplace: Marketplace; readonly merchant: Merchant },
): UniversalQr {
  const url = `${platform.publicUrl}/c/${counter.token}`;
  return {
    url,
    emv: emvOf(url, {
      marketplace: names.marketplace,
      payee: names.merchant.name,
      amountFen: null,
      label: { id: '07', value: counter.id.slice(counter.id.indexOf('_') + 1) },
    }),
  };
}

interface EmvContent {
  readonly marketplace: Marketplace;
  readonly payee: string;
  readonly amountFen: Fen | null;
  /** 05 = reference label, 07 = terminal label of template 62. */
  readonly label: { readonly id: '05' | '07'; readonly value: string };
}

function emvOf(url: string, content: EmvContent): string | null {
  const { marketplace, payee, amountFen, label } = content;
  const payload = encodeMpm({
    initiation: amountFen === null ? 'static' : 'dynamic',
    accounts: [templateAccount(URL_TEMPLATE, UNIONPAY_RID, [{ id: URL_FIELD, value: url }])],
    categoryCode: NO_CATEGORY,
    currency: CNY_NUMERIC,
    amount: amountFen === null ? null : fenToYuan(amountFen),
    tip: null,
    country: 'CN',
    // Object 59 is Latin; object 64 has the name in Chinese.
    merchantName: marketplace.name.toUpperCase().slice(0, NAME_LENGTH_MAX),
    merchantCity: 'CHINA',
    postalCode: null,
    additional: [label],
    alternate: { language: 'ZH', name: shortened(payee), city: null },
    extensions: [],
  });
  return payload.ok ? payload.value : null;
}

function shortened(name: string): string {
  const text = name.replace(/[\p{Cc}\p{Cs}]/gu, ' ').trim();
  return Array.from(text).slice(0, NAME_LENGTH_MAX).join('');
}

/** The buyer's pay_token behind a short code; `not_found` for anything else. */
export async function openCode(platform: Platform, code: string): Outcome<string> {
  const { cells, envelope } = platform;
  const unknown = hutongError('not_found', 'no such code');
  const intent = parseShortCode(code);
  if (intent === undefined) return err(unknown);
  const payment = await attemptFind(() => readPayment(cells, intent), unknown);
  if (!payment.ok) return payment;
  return isSameSecret(code, shortCodeOf(envelope, payment.value))
    ? ok(payTokenOf(envelope, payment.value, 'buyer'))
    : err(unknown);
}
