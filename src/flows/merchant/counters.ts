/**
 * Merchant counters: printed codes are created, renamed, disabled and enabled, and used by buyers.
 * A counter creates ordinary payment_intents, with the same number for the same visit and amount,
 * so that a form sent twice is one order. Enforcing the daily limit of static codes is up to the
 * wallets.
 */

import { modeRefusal } from '../../core/key/mode.ts';
import {
  COUNTER_TOKEN,
  COUNTER_VISIT,
  type Counter,
  counterOrderNo,
} from '../../core/merchant/counter.ts';
import type { Marketplace, Merchant } from '../../core/merchant/merchant.ts';
import type { Buyer, Payment } from '../../core/payment/model.ts';
import { hutongError } from '../../kernel/errors.ts';
import { type Id, shardOf } from '../../kernel/id.ts';
import type { Fen } from '../../kernel/money.ts';
import { err, ok } from '../../kernel/result.ts';
import {
  addCounter,
  type CounterOwner,
  changeCounter,
  counterOfToken,
  listCounters,
  readCounter,
} from '../../store/merchant/counters.ts';
import { uriRecord, writeNdef } from '../../wires/nfc/ndef.ts';
import type { Outcome } from '../base/outcome.ts';
import type { Page, PageRequest } from '../base/page.ts';
import { pageOf } from '../base/page.ts';
import type { Platform } from '../base/platform.ts';
import { attemptFind, attemptRead, findCart } from '../base/read-payment.ts';
import { createPaymentIntent } from '../payment/create.ts';
import { counterCode, type UniversalQr } from '../payment/universal-qr.ts';

const TOKEN_BYTES = 10;
const VISIT_BYTES = 10;

export interface CounterChange {
  readonly name?: string;
  readonly status?: Counter['status'];
}

/** A counter with the names that its page or printed stand shows. */
export interface CounterView {
  readonly counter: Counter;
  readonly marketplace: Marketplace;
  readonly merchant: Merchant;
  readonly code: UniversalQr;
  /** The same address as an NDEF message in hex: for an NFC tag behind the tap card. */
  readonly ndef: string;
}

export interface CounterPayment {
  readonly amountFen: Fen;
  /** Created with the page on which the amount was typed. */
  readonly visit: string;
  readonly device: Buyer['device'];
  readonly buyerIp: string;
}

export interface CounterCases {
  readonly create: (
    owner: CounterOwner,
    wanted: Pick<Counter, 'name' | 'isLivemode'>,
  ) => Outcome<{ readonly view: CounterView; readonly created: boolean }>;
  readonly get: (owner: CounterOwner, id: Id<'counter'>) => Outcome<CounterView>;
  readonly list: (owner: CounterOwner, page: PageRequest) => Outcome<Page<CounterView>>;
  readonly change: (
    owner: CounterOwner,
    id: Id<'counter'>,
    change: CounterChange,
  ) => Outcome<CounterView>;
  /** By the printed address; includes disabled ones, since their page says so. */
  readonly open: (token: string) => Outcome<CounterView>;
  readonly newVisit: () => string;
  /** The order of this visit; `not_found` if the counter is disabled. */
  readonly pay: (view: CounterView, payment: CounterPayment) => Outcome<Payment>;
}

export function counterCases(platform: Platform): CounterCases {
  return {
    create: (owner, wanted) => createCounter(platform, owner, wanted),
    get: (owner, id) => getCounter(platform, owner, id),
    list: async (owner, request) => {
      const names = await namesOf(platform, owner);
      if (!names.ok) return names;
      const rows = await attemptRead(() => listCounters(platform.db, owner));
      if (!rows.ok) return rows;
      const { data, hasMore } = pageOf(rows.value, request);
      return ok({ data: data.map((row) => viewOf(platform, row, names.value)), hasMore });
    },
    change: (owner, id, change) => updateCounter(platform, owner, id, change),
    open: (token) => openCounter(platform, token),
    newVisit: () => platform.random.bytes(VISIT_BYTES).toString('hex'),
    pay: (view, payment) => payAtCounter(platform, view, payment),
  };
}

const UNKNOWN = hutongError('not_found', 'no such counter');

type Names = Pick<CounterView, 'marketplace' | 'merchant'>;

/** Rule 11: a merchant of another marketplace does not exist here. */
async function namesOf(platform: Platform, owner: CounterOwner): Outcome<Names> {
  const entry = await findCart(platform, owner.marketplace, [owner.merchant]);
  if (!entry.ok) return entry;
  const { marketplace, merchants } = entry.value;
  const merchant = merchants.get(owner.merchant);
  return merchant === undefined
    ? err(hutongError('not_found', 'no such merchant'))
    : ok({ marketplace, merchant });
}

function viewOf(platform: Platform, counter: Counter, names: Names): CounterView {
  const code = counterCode(platform, counter, names);
  const ndef = writeNdef([uriRecord(code.url)]).toString('hex');
  return { counter, marketplace: names.marketplace, merchant: names.merchant, code, ndef };
}

async function createCounter(
  platform: Platform,
  owner: CounterOwner,
  { name, isLivemode }: Pick<Counter, 'name' | 'isLivemode'>,
): Outcome<{ readonly view: CounterView; readonly created: boolean }> {
  const names = await namesOf(platform, owner);
  if (!names.ok) return names;
  const id = platform.ids.next('counter', shardOf(owner.merchant, name));
  const token = platform.random.bytes(TOKEN_BYTES).toString('hex');
  const createdAtMs = platform.clock.nowMs();
  const wanted = { id, ...owner, name, token, createdAtMs, isLivemode };
  const unstored = hutongError('internal', 'the counter was not stored');
  const row = await attemptFind(() => addCounter(platform.db, wanted), unstored);
  if (!row.ok) return row;
  const refusal = modeRefusal('the counter of this name', row.value.isLivemode, isLivemode);
  if (refusal !== undefined) return err(refusal);
  const created = row.value.id === id;
  return ok({ view: viewOf(platform, row.value, names.value), created });
}

async function getCounter(
  platform: Platform,
  owner: CounterOwner,
  id: Id<'counter'>,
): Outcome<CounterView> {
  const names = await namesOf(platform, owner);
  if (!names.ok) return names;
  const row = await attemptFind(() => readCounter(platform.db, owner, id), UNKNOWN);
  return row.ok ? ok(viewOf(platform, row.value, names.value)) : row;
}

async function updateCounter(
  platform: Platform,
  owner: CounterOwner,
  id: Id<'counter'>,
  change: CounterChange,
): Outcome<CounterView> {
  const known = await getCounter(platform, owner, id);
  if (!known.ok) return known;
  const message = 'another counter of this merchant has this name';
  const taken = hutongError('counter_name_taken', message, { param: 'name' });
  const row = await attemptFind(() => changeCounter(platform.db, owner, id, change), taken);
  return row.ok ? ok(viewOf(platform, row.value, known.value)) : row;
}

async function openCounter(platform: Platform, token: string): Outcome<CounterView> {
  if (!COUNTER_TOKEN.test(token)) return err(UNKNOWN);
  const row = await attemptFind(() => counterOfToken(platform.db, token), UNKNOWN);
  if (!row.ok) return row;
  const names = await namesOf(platform, row.value);
  return names.ok ? ok(viewOf(platform, row.value, names.value)) : names;
}

/**
 * `metadata.counter` names the counter and goes to the marketplace with every event; no buyer is
 * named, since none is known.
 */
async function payAtCounter(
  platform: Platform,
  { counter, merchant }: CounterView,
  { amountFen, visit, device, buyerIp }: CounterPayment,
): Outcome<Payment> {
  if (counter.status === 'disabled') return err(UNKNOWN);
  if (!COUNTER_VISIT.test(visit)) {
    return err(hutongError('parameter_invalid', 'visit is not of this page', { param: 'visit' }));
  }
  const merchantOrderNo = counterOrderNo(counter, { visit, amountFen });
  const { marketplace } = counter;
  const made = await createPaymentIntent(platform, {
    marketplace,
    id: platform.ids.next('payment_intent', shardOf(marketplace, merchantOrderNo)),
    merchantOrderNo,
    amountFen,
    description: merchant.name,
    subOrders: [
      {
        merchant: merchant.id,
        amountFen,
        description: merchant.name,
        merchantSubOrderNo: null,
        items: null,
        splits: null,
      },
    ],
    buyer: { id: counter.id, device, ip: buyerIp },
    expiresAtMs: null,
    returnUrl: null,
    metadata: { counter: counter.id },
    isLivemode: counter.isLivemode,
  });
  return made.ok ? ok(made.value.payment) : made;
}
