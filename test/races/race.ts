/**
 * One race: an intent, the attempts that a buyer starts on it, and what must be true of it when
 * everything has come to rest. The judge of money is the wallet's own list of orders; the judge of
 * webhooks is the `standardwebhooks` package; of src only the list of wallets is read.
 */
import type { WalletName } from '../../src/kernel/wallet-names.ts';
import { WALLETS as MODULES } from '../../src/wallets/registry.ts';
import { type Json, until } from '../helpers/api.ts';
import type { Town } from './town.ts';

export type Wallet = WalletName;
/** Every wallet of this version: a new one races as soon as it is registered. */
export const WALLETS: readonly Wallet[] = [...MODULES.keys()];
export const AMOUNT_FEN = 12_800;
/** A code that is paid by scanning it: it can be kept, and paid long after the buyer left it. */
const PRODUCT: Readonly<Record<Wallet, string>> = {
  wechatpay: 'native',
  alipay: 'precreate',
  unionpay: 'qr',
  jdpay: 'qr',
};
/**
 * UnionPay has no close call, and JD's would take back what has just been paid: what was left runs
 * out by its own expiry (rule 2).
 */
const WITHOUT_CLOSE: ReadonlySet<Wallet> = new Set(['unionpay', 'jdpay']);

export function hasClose(wallet: Wallet): boolean {
  return !WITHOUT_CLOSE.has(wallet);
}

export interface Kept {
  readonly wallet: Wallet;
  readonly attempt: string;
  readonly orderNo: string;
  readonly scan: string;
}

/** JD publishes no rotation of its keys, so its gateway has none to show. */
const WITHOUT_FAULT: Readonly<Partial<Record<Wallet, readonly string[]>>> = {
  jdpay: ['key_rotated'],
};

export function knowsFault(wallet: Wallet, fault: string): boolean {
  return !(WITHOUT_FAULT[wallet] ?? []).includes(fault);
}

/** How far the clock is moved, step by step, before a race counts as one that never ends. */
const STEPS_SECONDS = [1, 5, 30, 60, 300, 600, 1_800, 3_600, 7_200, 21_600, 86_400];

export class Race {
  readonly town: Town;
  readonly kept: Kept[] = [];
  id = '';

  constructor(town: Town) {
    this.town = town;
  }

  async open(more: Json = {}): Promise<void> {
    this.id = String((await this.town.shop.createIntent([AMOUNT_FEN], more)).id);
  }

  /** Starts an attempt and scans its code on the phone. */
  async start(wallet: Wallet): Promise<Kept> {
    const { sandbox } = this.town;
    const attempt = await this.attemptWithCode(wallet);
    const action = attempt.next_action as Json | null;
    if (action === null) throw new Error(`${wallet} gave no code: ${String(attempt.status)}`);
    const scan = await sandbox.scan(wallet, action.code);
    const [leg] = attempt.legs as Json[];
    const kept = { wallet, attempt: String(attempt.id), orderNo: String(leg?.order_no), scan };
    this.kept.push(kept);
    return kept;
  }

  /**
   * UnionPay returns a code once: if its answer was lost, it is gone, and the buyer tries again.
   * The abandoned attempt counts as any other.
   */
  private async attemptWithCode(wallet: Wallet): Promise<Json> {
    const { shop } = this.town;
    const first = await shop.startAttempt(this.id, wallet, PRODUCT[wallet]);
    if (first.next_action !== null || wallet !== 'unionpay') return first;
    return shop.startAttempt(this.id, wallet, PRODUCT[wallet]);
  }

  /** What the phone says: `paid`, `closed` and so on. */
  async pay(kept: Kept): Promise<string> {
    return String((await this.town.sandbox.pay(kept.scan)).status);
  }

  /** Arms a fault on the messages about one order. */
  async arm(kept: Kept, fault: string, more: { operation?: string; times?: number } = {}) {
    const { operation, times = 1 } = more;
    const match = { order_no: kept.orderNo, ...(operation === undefined ? {} : { operation }) };
    await this.town.sandbox.fault(fault, { wallet: kept.wallet, match, times });
  }

  /** The buyer leaves `kept`, but the close never reaches the wallet: its code stays payable. */
  keepPayable(kept: Kept): Promise<void> {
    return this.arm(kept, 'close_lost', { times: 1_000 });
  }

  intent(): Promise<Json> {
    return this.town.shop.getIntent(this.id);
  }

  async attempts(): Promise<Json[]> {
    const list = (await this.intent()).attempts as Json;
    return list.data as Json[];
  }

  succeeded(): Promise<Json> {
    return until(
      'succeeded',
      () => this.intent(),
      (now) => now.status === 'succeeded',
    );
  }

  events(type: string): Json[] {
    const seen = new Map<string, Json>();
    for (const event of this.town.inbox.events) {
      const object = (event.data as Json).object as Json;
      const isOurs = object.id === this.id || object.payment_intent === this.id;
      if (event.type === type && isOurs) seen.set(String(event.id), object);
    }
    return [...seen.values()];
  }

  async refunds(): Promise<Json[]> {
    const ids = this.events('refund.created').map((object) => String(object.id));
    return Promise.all(
      [...new Set(ids)].map((id) => this.town.shop.expect(200, 'GET', `/v1/refunds/${id}`)),
    );
  }

  /** Moves the city's clock until nothing of this race is open any more. */
  async rest(): Promise<void> {
    for (const seconds of STEPS_SECONDS) {
      await this.town.sandbox.advance(seconds);
      if (await this.isAtRest()) return;
    }
    const last = JSON.stringify({ intent: await this.intent(), refunds: await this.refunds() });
    throw new Error(`it does not come to rest: ${last}`);
  }

  async isAtRest(): Promise<boolean> {
    const { status } = await this.intent();
    const ended = ['succeeded', 'canceled', 'expired'].includes(String(status));
    const attempts = await this.attempts();
    const isLive = attempts.some((one) => !AT_REST.has(String(one.status)));
    const told = attempts.filter((one) => one.status === 'superseded').length;
    const refunds = await this.refunds();
    // A refund that a wallet gives up is sent again under a new number, for ever.
    const given = refunds.filter((one) => one.status === 'succeeded').length;
    const isUnderWay = refunds.some((one) => one.status !== 'succeeded' && one.status !== 'failed');
    const isOwed = given < told || isUnderWay;
    return ended && !isLive && !isOwed;
  }
}

const AT_REST = new Set(['succeeded', 'superseded', 'failed', 'closed']);
