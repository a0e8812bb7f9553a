/**
 * The buyer's side: what the Cloud QuickPass app reads from a code, a page's form or a tn, and what
 * paying does. A form that a browser submits is verified exactly as at the gateway's endpoint.
 * Paying is one synchronous change.
 */
import { must } from '../../../src/kernel/assert.ts';
import { decodeCpm, isCpmPayload } from '../../../src/wires/qr/cpm.ts';
import type { RespCode } from '../../../src/wires/unionpay/resp-codes.ts';
import { payeeText, payOrder, takeCoupons } from '../../kit/buyer.ts';
import type { PayAnswer, PayRequest, Scanned } from '../../kit/kit.ts';
import { authenticate } from './authenticate.ts';
import { notifyPaid } from './callbacks.ts';
import { CASHIER_PATH, cashierUrl } from './cashier-page.ts';
import type { Context } from './context.ts';
import { openFront } from './orders.ts';
import type { PurchaseRecord } from './records.ts';

type ScannedCode = string | Readonly<Record<string, unknown>>;

export async function scan(context: Context, code: ScannedCode): Promise<Scanned | undefined> {
  if (typeof code !== 'string') return scanObject(context, code);
  const text = code.trim();
  if (text.startsWith('{')) {
    const object = parseObject(text);
    return object === undefined ? undefined : scanObject(context, object);
  }
  if (/^https:\/\/qr\.95516\.com\/000[0-9]{5}\/[0-9]{32}$/.test(text)) {
    return scanned(context, context.store.purchases.find('code', text));
  }
  const shown = shownCode(text);
  if (shown !== undefined)
    return scanned(context, context.store.purchases.get(context.codes.orderOf(shown) ?? ''));
  if (/^[0-9]{21}$/.test(text)) return scanned(context, context.store.purchases.find('code', text));
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  if (url.pathname !== CASHIER_PATH) return undefined;
  return scanned(
    context,
    context.store.purchases.find('code', url.searchParams.get('transNumber') ?? ''),
  );
}

/** A payment code of our own, in either form: known once a merchant has charged it. */
function shownCode(text: string): string | undefined {
  if (/^62[0-9]{17}$/.test(text)) return text;
  const decoded = isCpmPayload(text) ? decodeCpm(text) : undefined;
  return decoded?.ok ? (decoded.value.applications[0]?.pan ?? undefined) : undefined;
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    const isObject = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed);
    return isObject ? (parsed as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** `{tn}`, the whole next_action around it, or a page's form `{action, fields}`. */
async function scanObject(
  context: Context,
  object: Readonly<Record<string, unknown>>,
): Promise<Scanned | undefined> {
  const inner = isRecord(object.params) ? object.params : object;
  if (typeof inner.tn === 'string')
    return scanned(context, context.store.purchases.find('code', inner.tn));
  const fields = formFields(isRecord(object.fields) ? object.fields : object);
  if (fields === undefined || !fields.has('txnType')) return undefined;
  const what = `page form of order ${fields.get('orderId') ?? ''}`;
  const call = await authenticate(context, { fields, encoding: 'UTF-8', what });
  if (!call.ok) return undefined;
  const opened = openFront(call.value);
  return 'respCode' in opened ? undefined : scanned(context, opened.purchase);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function formFields(object: Readonly<Record<string, unknown>>): Map<string, string> | undefined {
  const fields = new Map<string, string>();
  for (const [name, value] of Object.entries(object)) {
    if (typeof value !== 'string') return undefined;
    fields.set(name, value);
  }
  return fields;
}

function scanned(context: Context, purchase: PurchaseRecord | undefined): Scanned | undefined {
  if (purchase === undefined) return undefined;
  return {
    wallet: 'unionpay',
    ref: purchase.key,
    payee: payeeName(context, purchase),
    amountFen: purchase.amountFen,
    currency: 'CNY',
    state: stateOf(purchase),
  };
}

function stateOf({ state, failCode }: PurchaseRecord): Scanned['state'] {
  switch (state) {
    case 'open':
      return 'payable';
    case 'paid':
      return 'paid';
    case 'failed':
    case 'reversed':
      return failCode === '69' ? 'expired' : 'closed';
  }
}

export function payeeName(context: Context, purchase: PurchaseRecord): string {
  const merchant = must(context.store.merchants.get(purchase.merId), 'the merchant');
  const names = (purchase.split ?? []).map(
    ({ merId }) =>
      merchant.splitMerchants.find((each) => each.merId === merId)?.name ?? merchant.name,
  );
  return payeeText(names, merchant.name);
}

export function pay(context: Context, request: PayRequest): PayAnswer {
  const purchase = context.store.purchases.get(request.ref);
  if (purchase === undefined) return { status: 'not_found' };
  const status = payOrder(request, {
    isPaid: purchase.state === 'paid',
    isOpen: purchase.state === 'open',
    book: () => bookPayment(context, purchase, request),
    // A page and a code stay open: the buyer may try again.
    refuse: (outcome) => {
      if (isOneTry(purchase)) fail(context, purchase, outcome === 'cancel' ? '69' : '64');
    },
  });
  return purchase.product === 'web'
    ? { status, returnUrl: cashierUrl(context.kit, purchase) }
    : { status };
}

function isOneTry({ product }: PurchaseRecord): boolean {
  return product === 'bar' || product === 'nfc';
}

function fail(context: Context, purchase: PurchaseRecord, failCode: RespCode): void {
  context.store.purchases.put({ ...purchase, state: 'failed', failCode });
}

export function bookPayment(
  context: Context,
  purchase: PurchaseRecord,
  request: Pick<PayRequest, 'payerWallet' | 'coupon'>,
): PurchaseRecord {
  const { receiptFen: settleFen, payerFen } = takeCoupons(purchase.amountFen, request.coupon);
  const { payerWallet } = request;
  const paid = context.store.purchases.put({
    ...purchase,
    state: 'paid',
    paid: { atMs: context.kit.clock.nowMs(), payerWallet, payerFen, settleFen },
  });
  notifyPaid(context, paid);
  return paid;
}
