/**
 * The buyers of the storm. Every call is sent to both platforms at once under one Idempotency-Key,
 * and again until each has answered for good; what both acknowledge must be one object (rule 12).
 * Buyers pay with every wallet and with payment codes, change their minds, cancel while they pay,
 * and ask for more refunds at once than there is money, while what they paid is released.
 */
import { randomInt, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { call, type Json } from '../helpers/api.ts';

export interface Shop {
  readonly name: string;
  readonly secretKey: string;
  readonly merchants: readonly string[];
}

export interface LoadConfig {
  readonly platformUrls: readonly string[];
  readonly backUrls: readonly string[];
  readonly sandboxUrl: string;
  readonly shops: readonly Shop[];
  readonly buyers: number;
}

export interface Order {
  readonly shop: Shop;
  readonly intent: string;
  readonly amount: number;
}

export interface Load {
  readonly orders: readonly Order[];
  readonly refunds: () => number;
  /** What two platforms said of one request and cannot both be true. */
  readonly problems: readonly string[];
  /** No new orders; those under way are finished. */
  readonly stop: () => Promise<void>;
}

const SHOWN: readonly (readonly [wallet: string, product: string])[] = [
  ['wechatpay', 'native'],
  ['alipay', 'precreate'],
  ['unionpay', 'qr'],
  ['jdpay', 'qr'],
];
const SCANNED: readonly (readonly [wallet: string, product: string])[] = [
  ['wechatpay', 'codepay'],
  ['alipay', 'bar'],
  ['unionpay', 'bar'],
  ['unionpay', 'nfc'],
  ['jdpay', 'bar'],
];
const REQUEST_TIMEOUT_MS = 20_000;
const PATIENCE_MS = 150_000;
const PAID_WITHIN_MS = 20_000;
const REFUND_KEYS = 3;

const oneOf = <T>(rows: readonly T[]): T => rows[randomInt(rows.length)] as T;
const isLucky = (percent: number): boolean => randomInt(100) < percent;

interface Told {
  readonly status: number;
  readonly body: Json;
}

export function startLoad(config: LoadConfig): Load {
  const orders: Order[] = [];
  const problems: string[] = [];
  const state = { isStopping: false, refunds: 0 };
  const buyer = async (): Promise<void> => {
    while (!state.isStopping) {
      await new Buyer(config, problems, orders, state).buy().catch((error: unknown) => {
        problems.push(`a buyer failed: ${String(error).slice(0, 300)}`);
      });
      await sleep(randomInt(200));
    }
  };
  const buyers = Promise.all(Array.from({ length: config.buyers }, buyer));
  return {
    orders,
    problems,
    refunds: () => state.refunds,
    stop: async () => {
      state.isStopping = true;
      await buyers;
    },
  };
}

class Buyer {
  readonly #config: LoadConfig;
  readonly #problems: string[];
  readonly #orders: Order[];
  readonly #state: { refunds: number };
  readonly #shop: Shop;

  constructor(config: LoadConfig, problems: string[], orders: Order[], state: { refunds: number }) {
    this.#config = config;
    this.#problems = problems;
    this.#orders = orders;
    this.#state = state;
    this.#shop = oneOf(config.shops);
  }

  async buy(): Promise<void> {
    const amount = randomInt(101, 20_000);
    const created = await this.#both('/v1/payment_intents', {
      amount,
      currency: 'cny',
      merchant_order_no: `S${randomUUID().replaceAll('-', '').slice(0, 24)}`,
      description: '风暴测试 storm',
      sub_orders: [
        { merchant: oneOf(this.#shop.merchants), amount, description: '一件 one piece' },
      ],
      buyer: { id: `buyer-${randomInt(50)}`, device: 'desktop', ip: '203.0.113.9' },
    });
    if (created === undefined) return;
    const intent = String(created.id);
    const [sub] = created.sub_orders as Json[];
    this.#orders.push({ shop: this.#shop, intent, amount });
    const canceling = isLucky(12) ? this.#cancelSoon(intent) : Promise.resolve();
    await (isLucky(40) ? this.#payByCode(intent, amount) : this.#payShown(intent));
    await canceling;
    if (!isLucky(80) || !(await this.#isPaid(intent))) return;
    // Before, behind or at the same time as the refunds.
    const releasing = isLucky(60) ? this.#release(intent, String(sub?.id)) : Promise.resolve();
    if (isLucky(50)) await releasing;
    if (isLucky(80)) await this.#askForTooMuch(intent, String(sub?.id), amount);
    await releasing;
  }

  /** By one platform or by both at once; one that is away or refuses is not asked again. */
  async #release(intent: string, subOrder: string): Promise<void> {
    const body = { intent, subOrder };
    const urls = isLucky(50) ? this.#config.backUrls : [oneOf(this.#config.backUrls)];
    await Promise.all(urls.map((url) => call('POST', url, { body }).catch(() => undefined)));
  }

  /** One wallet's code, perhaps another's beside it; both may be paid. */
  async #payShown(intent: string): Promise<void> {
    const scans: string[] = [];
    for (let round = 0; round < (isLucky(30) ? 2 : 1); round += 1) {
      const [wallet, product] = oneOf(SHOWN);
      const attempt = await this.#both(`/v1/payment_intents/${intent}/attempts`, {
        wallet,
        product,
        payer: {},
      });
      const next = attempt?.next_action as Json | null | undefined;
      if (next === null || next === undefined) continue;
      const scanned = await this.#phone('/phone/scan', { wallet, code: next.code });
      if (scanned !== undefined) scans.push(String(scanned.scan));
    }
    await Promise.all(
      scans.map(async (scan) => {
        if (isLucky(10)) return;
        const outcome = isLucky(90) ? 'success' : oneOf(['insufficient_funds', 'cancel']);
        await this.#phone('/phone/pay', { scan, outcome });
      }),
    );
  }

  /** Sent to its wallet once, whatever becomes of the answer. */
  async #payByCode(intent: string, amount: number): Promise<void> {
    const [wallet, product] = oneOf(SCANNED);
    const payer =
      product === 'nfc'
        ? { field55: (await this.#phone('/phone/tap', { amount }))?.field55 }
        : { auth_code: (await this.#phone('/phone/code', { wallet }))?.auth_code };
    if (Object.values(payer)[0] === undefined) return;
    await this.#both(`/v1/payment_intents/${intent}/attempts`, { wallet, product, payer });
  }

  async #cancelSoon(intent: string): Promise<void> {
    await sleep(randomInt(1_500));
    await this.#both(`/v1/payment_intents/${intent}/cancel`, {});
  }

  /** Three at once of six tenths each: at most one fits (rule 7). */
  async #askForTooMuch(intent: string, subOrder: string, amount: number): Promise<void> {
    const part = Math.ceil(amount * 0.6);
    const made = await Promise.all(
      Array.from({ length: REFUND_KEYS }, () =>
        this.#both('/v1/refunds', {
          payment_intent: intent,
          sub_order: subOrder,
          amount: part,
          reason: 'requested_by_customer',
        }),
      ),
    );
    const taken = made.filter((refund) => refund !== undefined && refund.status !== 'failed');
    this.#state.refunds += taken.length;
    if (new Set(taken.map((refund) => refund?.id)).size > 1)
      this.#problems.push(`rule 7: ${taken.length} refunds of ${part} fen of ${amount}: ${intent}`);
  }

  async #isPaid(intent: string): Promise<boolean> {
    const deadlineMs = performance.now() + PAID_WITHIN_MS;
    while (performance.now() < deadlineMs) {
      const url = `${oneOf(this.#config.platformUrls)}/v1/payment_intents/${intent}`;
      const answer = await this.#send('GET', url, undefined, undefined);
      const status = String(answer?.body.status ?? '');
      if (status === 'succeeded') return true;
      if (['canceled', 'expired', 'conflicted'].includes(status)) return false;
      await sleep(300);
    }
    return false;
  }

  /** The object that was acknowledged; undefined where both refused or stayed silent. */
  async #both(path: string, body: Json): Promise<Json | undefined> {
    const key = randomUUID();
    const told = await Promise.all(
      this.#config.platformUrls.map((url) => this.#insist(`${url}${path}`, key, body)),
    );
    const made = told.flatMap((answer) =>
      answer !== undefined && answer.status < 300 ? [answer.body] : [],
    );
    if (new Set(made.map(({ id }) => id)).size > 1)
      this.#problems.push(`rule 12: one key, ${made.map(({ id }) => String(id)).join(' and ')}`);
    return made[0];
  }

  async #insist(url: string, key: string, body: Json): Promise<Told | undefined> {
    const deadlineMs = performance.now() + PATIENCE_MS;
    while (performance.now() < deadlineMs) {
      const answer = await this.#send('POST', url, key, body);
      const { code } = (answer?.body.error ?? {}) as Json;
      const isOpen =
        answer === undefined ||
        answer.status >= 500 ||
        answer.status === 429 ||
        code === 'idempotency_key_in_flight';
      if (!isOpen) return answer;
      await sleep(200 + randomInt(200));
    }
    this.#problems.push(`${url} never answered for good`);
    return undefined;
  }

  async #send(
    method: string,
    url: string,
    key: string | undefined,
    body: unknown,
  ): Promise<Told | undefined> {
    const work = call(method, url, {
      key: this.#shop.secretKey,
      ...(body === undefined ? {} : { body }),
      ...(key === undefined ? {} : { headers: { 'idempotency-key': key } }),
    });
    // Refused, reset, timed out or cut in the middle of the answer: not answered.
    return Promise.race([work.catch(() => undefined), sleep(REQUEST_TIMEOUT_MS, undefined)]);
  }

  async #phone(path: string, body: unknown): Promise<Json | undefined> {
    const answer = await call('POST', `${this.#config.sandboxUrl}${path}`, { body }).catch(
      () => undefined,
    );
    return answer?.status === 200 || answer?.status === 201 ? answer.body : undefined;
  }
}
