/**
 * A sale at a seller's counter: the seller types the amount and scans the buyer's payment code, or
 * shows the stand. The code is a key to the buyer's money for a minute: it goes to Hutong once and
 * is neither stored nor logged, here or anywhere. Webhooks report the outcome.
 */
import {
  type Counter,
  HutongConnectionError,
  HutongError,
  HutongWalletDeclinedError,
} from '@hutong/sdk';
import type { Seller } from './catalogue/catalogue.ts';
import { fenToJson } from './money.ts';
import type { Charge, Order } from './order.ts';
import { openCashier, orderNumber, type Shop } from './shop.ts';

/** Digits of every wallet's codes, and QuickPass's as base64. */
const CODE = /^(?:\d{16,24}|[A-Za-z0-9+/]{40,700}={0,2})$/;

export interface CounterSale {
  readonly seller: Seller;
  readonly amountFen: bigint;
  /** The browser at the counter. */
  readonly keeper: string;
  readonly nonce: string;
  readonly ip: string;
  readonly origin: string;
}

/** What a scanner gun typed, as it is sent; undefined when it cannot be a payment code. */
export function scannedCode(typed: string): string | undefined {
  const code = typed.replaceAll(/\s/g, '');
  return CODE.test(code) ? code : undefined;
}

export function merchantOf(shop: Shop, seller: Seller): string {
  const { merchants } = shop.stall;
  const merchant = merchants[shop.catalogue.sellers.indexOf(seller) % merchants.length];
  if (merchant === undefined) throw new Error(`${shop.stall.name} has no merchants`);
  return merchant;
}

/** Writes the sale down. The same form pressed twice is one sale. */
export async function placeSale(shop: Shop, sale: CounterSale): Promise<Order> {
  const { name } = shop.stall;
  const earlier = shop.journal.ordersOf(name, sale.keeper);
  const same = earlier.find((order) => order.nonce === sale.nonce);
  if (same !== undefined) return same;
  const no = orderNumber(shop);
  const amount = fenToJson(sale.amountFen);
  const { seller } = sale;
  return shop.journal.append({
    kind: 'placed',
    order: {
      no,
      marketplace: name,
      buyer: sale.keeper,
      nonce: sale.nonce,
      placedAtMs: shop.seams.nowMs(),
      device: 'desktop',
      ip: sale.ip,
      pickup: 'counter',
      description: seller.name.zh,
      returnUrl: `${sale.origin}/${name}/counter/${no}`,
      amount,
      parts: [
        {
          no: `${no}-1`,
          merchant: merchantOf(shop, seller),
          sellerId: seller.id,
          sellerName: seller.name,
          amount,
          items: [],
        },
      ],
    },
  });
}

/**
 * Charges the code once. The intention is on disk first: after a crash it is unknown whether the
 * charge was sent, so it is never sent again, and the webhooks report the outcome.
 */
export async function chargeCode(shop: Shop, order: Order, code: string): Promise<Order> {
  if (order.charge !== null) return order;
  const opened = await openCashier(shop, order);
  if (opened.intentId === null || opened.refusal !== null) return opened;
  const { no, intentId } = opened;
  await shop.journal.append({ kind: 'charged', no, charge: asking });
  try {
    const attempt = await shop.stall.hutong.paymentIntents.createAttempt(
      intentId,
      { payer: { auth_code: code } },
      { idempotencyKey: `bazaar-charge-${no}`, maxRetries: 0 },
    );
    const { wallet } = attempt;
    return shop.journal.append({ kind: 'charged', no, charge: { ...asking, wallet } });
  } catch (error) {
    if (!(error instanceof HutongError)) throw error;
    return shop.journal.append({ kind: 'charged', no, charge: chargeOf(error) });
  }
}

const asking: Charge = Object.freeze({ state: 'asking', wallet: null, words: null, code: null });

/** A refusal ends the charge; an answer that never came leaves it open. */
function chargeOf(error: HutongError): Charge {
  const { code } = error;
  const isOpen = error instanceof HutongConnectionError || error.retryable === true;
  if (isOpen || (error.status ?? 0) >= 500) return { ...asking, code };
  const said = error instanceof HutongWalletDeclinedError ? error.walletError : null;
  return {
    state: 'declined',
    wallet: said?.wallet ?? null,
    words: said?.message ?? null,
    code,
  };
}

/** The seller's stand: one counter each, made when it is first asked for. */
export function standOf(shop: Shop, seller: Seller): Promise<Counter> {
  const name = [...seller.name.zh].slice(0, 30).join('');
  return shop.stall.hutong.counters.create(merchantOf(shop, seller), { name: `${name} 柜台` });
}
