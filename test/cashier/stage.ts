/**
 * The cashier's use cases on PGlite, over one payment that is stored as a test wants it: states
 * that take two wallets, an hour and a late callback to reach are rows here. Tokens, the page's
 * payment, live status, short codes and counters are the platform's own. What only a wallet can
 * answer (its offers, an attempt that starts, who pays, a form to hand out) is put in the place of
 * that verb.
 */
import { randomBytes } from 'node:crypto';
import type { CashierUseCases } from '../../src/cashier/show.ts';
import { type ComposedPlatform, compose } from '../../src/compose.ts';
import type { Offers } from '../../src/core/offer/offer.ts';
import { type Db, DbLost, type Session } from '../../src/database/db.ts';
import { insertAll, type Table } from '../../src/database/table.ts';
import { handOutTokenOf, shortCodeOf } from '../../src/flows/base/tokens.ts';
import type { CounterPayment } from '../../src/flows/merchant/counters.ts';
import type { StartAttemptInput } from '../../src/flows/payment/choose-wallet.ts';
import type { CashierView } from '../../src/flows/payment/open-cashier.ts';
import { type HutongError, hutongError } from '../../src/kernel/errors.ts';
import { type Id, idValue } from '../../src/kernel/id.ts';
import { err, ok, type Result } from '../../src/kernel/result.ts';
import { keyRingOf } from '../../src/runtime/key-ring.ts';
import { createLog } from '../../src/runtime/log.ts';
import { oneCell } from '../../src/store/cells.ts';
import { addMarketplace } from '../../src/store/merchant/marketplaces.ts';
import { addMerchant } from '../../src/store/merchant/merchants.ts';
import {
  ATTEMPTS,
  type Child,
  INTENTS,
  LEGS,
  REFUNDS,
  SUB_ORDERS,
} from '../../src/store/payment/rows.ts';
import { openMigratedPglite } from '../helpers/migrated-pglite.ts';
import { JD_ATTEMPT, LAMP_SHOP, NOW_MS, TEA_SHOP, viewOf } from './fixtures.ts';

/** JD's form, as it would be made at this click. */
const JD_FORM = {
  type: 'form',
  action: 'https://wepay.jd.com/jdpay/saveOrder',
  fields: { version: 'V2.0', merchant: '22294531', tradeNum: 'a1b2c3', sign: 'c2lnbg==' },
} as const;

/** What the use cases were asked since a view was shown, and what the wallets' verbs answer. */
export interface Asked {
  offers: Result<Offers, HutongError>;
  startAnswer: HutongError | null;
  readonly started: StartAttemptInput[];
  readonly devices: (string | null)[];
  readonly handedOut: string[];
  readonly paid: CounterPayment[];
}

interface Tokens {
  readonly buyer: string;
  readonly friend: string;
  readonly shortCode: string;
  /** Of `JD_ATTEMPT`, as it was started from the cashier. */
  readonly handOut: string;
  readonly counter: string;
  readonly closedCounter: string;
}

export class Stage {
  readonly tokens: Tokens;
  readonly useCases: CashierUseCases;
  isDatabaseAway = false;
  readonly #db: Db;
  readonly #composed: ComposedPlatform;
  #view: CashierView;
  #asked: Asked;

  static async open(): Promise<Stage> {
    const home = await openMigratedPglite();
    let stage: Stage | undefined;
    const composed = await compose({
      cells: oneCell(awayWhen(home, () => stage?.isDatabaseAway === true)),
      keyRing: keyRingOf(randomBytes(32)),
      publicUrl: 'https://pay.hutong.example',
      log: createLog({ level: 'fatal' }),
      clock: { nowMs: () => NOW_MS },
      webhookAllow: [],
      onFenced: () => undefined,
    });
    const view = viewOf();
    await addMarketplace(home, { ...view.marketplace, createdAtMs: NOW_MS });
    for (const shop of [LAMP_SHOP, TEA_SHOP]) {
      await addMerchant(home, { ...shop, createdAtMs: NOW_MS });
    }
    stage = new Stage(home, composed, await tokensOf(composed, view));
    return stage;
  }

  constructor(db: Db, composed: ComposedPlatform, tokens: Tokens) {
    this.#db = db;
    this.#composed = composed;
    this.#view = viewOf();
    this.#asked = nothingAsked({ offered: [], withheld: [] });
    this.tokens = tokens;
    this.useCases = { ...composed.useCases, ...this.#instead() };
  }

  /** Stores a payment in the place of the one before. */
  async show(view: CashierView, offers: Offers): Promise<Asked> {
    this.isDatabaseAway = false;
    await this.#store(view);
    this.#asked = nothingAsked(offers);
    return this.#asked;
  }

  /** Moves the payment on and wakes who waits. */
  async change(view: CashierView): Promise<void> {
    await this.#store(view);
    this.#composed.platform.changes.announce([view.payment]);
  }

  async rename(merchant: Id<'merchant'>, name: string): Promise<void> {
    await this.#db.transaction(0, (session) => renameMerchant(session, merchant, name));
    this.#composed.platform.directory.forget();
  }

  close(): Promise<void> {
    this.isDatabaseAway = false;
    return this.#composed.stop();
  }

  async #store(view: CashierView): Promise<void> {
    this.#view = view;
    await this.#db.transaction(0, async (session) => {
      await renameMarketplace(session, view);
      for (const { id, name } of view.merchants.values()) await renameMerchant(session, id, name);
      await replacePayment(session, view);
    });
    this.#composed.platform.directory.forget();
  }

  #instead(): Partial<CashierUseCases> {
    const real = this.#composed.useCases;
    return {
      listOffers: async (_marketplace, _intent, device) => {
        this.#asked.devices.push(device);
        return this.#asked.offers;
      },
      startAttempt: async (input) => {
        const { started, startAnswer } = this.#asked;
        started.push(input);
        if (startAnswer !== null) return err(startAnswer);
        const { payment } = this.#view;
        const attempt = payment.attempts.at(-1);
        return attempt === undefined
          ? err(hutongError('internal', 'the test gave no attempt to start'))
          : ok({ payment, attempt: { ...attempt, id: input.id } });
      },
      payerAuthorizeUrl: async (_token, wallet, product) =>
        ok(`https://wallet.example/authorize?wallet=${wallet}&product=${product}&state=s1`),
      exchangePayerCode: async (_token, state, code) =>
        state === 's1' && code === 'c1'
          ? ok({ wallet: 'wechatpay', product: 'jsapi', payer: { openid: 'openid-secret' } })
          : err(hutongError('parameter_invalid', 'state')),
      // Whether it may be handed out is the platform's to say; no wallet is there to make it.
      handOut: async (token, buyerIp) => {
        this.#asked.handedOut.push(token);
        const answer = await real.handOut(token, buyerIp);
        if (answer.ok || answer.error.code !== 'busy' || this.isDatabaseAway) return answer;
        const { id: intent, amountFen } = this.#view.payment.intent;
        const { marketplace } = this.#view;
        const texts = { marketplace, intent, amountFen, wallet: 'jdpay' } as const;
        return ok({ ...texts, form: JD_FORM, refusal: null });
      },
      counters: {
        ...real.counters,
        pay: (view, payment) => {
          this.#asked.paid.push(payment);
          return real.counters.pay(view, payment);
        },
      },
    };
  }
}

function nothingAsked(offers: Offers): Asked {
  return {
    ...{ offers: ok(offers), startAnswer: null },
    ...{ started: [], devices: [], handedOut: [], paid: [] },
  };
}

function awayWhen(db: Db, isAway: () => boolean): Db {
  const unlessAway = <T>(work: () => Promise<T>): Promise<T> =>
    isAway() ? Promise.reject(new DbLost('away', { commitUnknown: false })) : work();
  return {
    ...{ kind: db.kind, laneCount: db.laneCount },
    transaction: (lane, work) => db.transaction(lane, work),
    background: (work) => db.background(work),
    read: (statement, values) => unlessAway(() => db.read(statement, values)),
    script: (text) => db.script(text),
    close: () => db.close(),
  };
}

async function tokensOf(
  { platform, useCases }: ComposedPlatform,
  { payment }: CashierView,
): Promise<Tokens> {
  const { counters, payTokenOf } = useCases;
  const owner = { marketplace: LAMP_SHOP.marketplace, merchant: LAMP_SHOP.id };
  const printed = async (name: string) => {
    const made = await counters.create(owner, { name, isLivemode: false });
    if (!made.ok) throw new Error(made.error.message);
    return made.value.view.counter;
  };
  const closed = await printed('二号柜台');
  await counters.change(owner, closed.id, { status: 'disabled' });
  return {
    buyer: payTokenOf(payment, 'buyer'),
    friend: payTokenOf(payment, 'friend'),
    shortCode: shortCodeOf(platform.envelope, payment),
    handOut: handOutTokenOf(platform.envelope, payment, {
      attempt: JD_ATTEMPT.id,
      origin: 'cashier',
    }),
    counter: (await printed('一号柜台')).token,
    closedCounter: closed.token,
  };
}

const CHILDREN = ['refunds', 'payment_legs', 'payment_attempts', 'sub_orders'] as const;

async function replacePayment(session: Session, { payment }: CashierView): Promise<void> {
  const { intent } = payment;
  const key = [intent.shard, idValue(intent.id)];
  for (const name of CHILDREN) {
    const text = `delete from ${name} where shard = $1 and intent = $2`;
    await session.run({ name: `stage.${name}`, text }, key);
  }
  const text = 'delete from payment_intents where shard = $1 and id = $2';
  await session.run({ name: 'stage.intent', text }, key);
  await insertAll(session, INTENTS, [{ intent, place: 1n, writtenBy: 1n }]);
  const insert = <T>(into: Table<Child<T>>, rows: readonly T[]) =>
    insertAll(
      session,
      into,
      rows.map((row) => ({ shard: intent.shard, intent: intent.id, row, payment })),
    );
  await insert(SUB_ORDERS, payment.subOrders);
  await insert(ATTEMPTS, payment.attempts);
  await insert(LEGS, payment.legs);
  await insert(REFUNDS, payment.refunds);
}

async function renameMarketplace(session: Session, { marketplace }: CashierView): Promise<void> {
  const text = 'update marketplaces set display_name = $2 where id = $1';
  const values = [idValue(marketplace.id), marketplace.displayName];
  await session.run({ name: 'stage.marketplace', text }, values);
}

async function renameMerchant(
  session: Session,
  merchant: Id<'merchant'>,
  name: string,
): Promise<void> {
  const text = 'update merchants set name = $2 where id = $1';
  await session.run({ name: 'stage.merchant', text }, [idValue(merchant), name]);
}
