/** Creates an intent: validated against the marketplace's merchants, then claimed by its number. */

import type { Livemode } from '../../core/key/mode.ts';
import {
  contentHash,
  createPayment,
  type NewPayment,
  type NewSubOrder,
  newPayment,
  sameOrderModeRefusal,
} from '../../core/payment/create.ts';
import type { Payment } from '../../core/payment/model.ts';
import { type HutongError, hutongError } from '../../kernel/errors.ts';
import { type Id, parseId, shardOfId } from '../../kernel/id.ts';
import { err, ok, type Result } from '../../kernel/result.ts';
import { PAYMENT } from '../../store/payment/aggregate.ts';
import { listPayments } from '../../store/payment/queries.ts';
import type { CartEntry } from '../base/directory.ts';
import { lastSender, type RequestKey } from '../base/key-claim.ts';
import type { Outcome } from '../base/outcome.ts';
import type { Platform } from '../base/platform.ts';
import { attemptRead, findCart } from '../base/read-payment.ts';

/** As its caller names it. */
type SubOrderInput = Omit<NewSubOrder, 'id' | 'merchant'> & { readonly merchant: string };

/** The caller chooses `id` (stored with the idempotency key): a retry means the same row. */
export interface CreateIntentInput
  extends Omit<NewPayment, 'shard' | 'subOrders' | 'nowMs' | 'tokenSeed'> {
  readonly subOrders: readonly SubOrderInput[];
  /** The key's mode, which the payment keeps; null = created without a key, at such a counter. */
  readonly isLivemode: Livemode;
  /** The key of the request; left out = it has none. */
  readonly requestKey?: RequestKey<CreatedIntent>;
}

export interface CreatedIntent {
  readonly payment: Payment;
  readonly created: boolean;
}

const ONE = { limit: 1, beforeId: null, afterId: null };
const ANY_INTENT = {
  status: null,
  createdAfterMs: null,
  createdBeforeMs: null,
  walletTransactionId: null,
  intent: null,
};

export async function createPaymentIntent(
  platform: Platform,
  { requestKey, ...input }: CreateIntentInput,
): Outcome<CreatedIntent> {
  const named = input.subOrders.flatMap((sub) => parseId('merchant', sub.merchant) ?? []);
  const entry = await findCart(platform, input.marketplace, named);
  if (!entry.ok) return entry;
  const merchants = ownMerchants(entry.value, input);
  if (!merchants.ok) return merchants;
  const shard = shardOfId(input.id);
  const order: NewPayment = {
    ...input,
    shard,
    subOrders: input.subOrders.map((sub, index) => ({
      ...sub,
      id: platform.ids.next('sub_order', shard),
      merchant: merchants.value[index] as Id<'merchant'>,
    })),
    nowMs: platform.clock.nowMs(),
    tokenSeed: platform.envelope.newTokenSeed(),
  };
  const wanted = newPayment(order);
  if (!wanted.ok) return sameAgain(platform, order, wanted.error);
  const sender = lastSender(platform, requestKey, (made: CreatedIntent) => ok(made));
  const made = await sender.submit({
    aggregate: PAYMENT,
    name: 'create_payment_intent',
    shard,
    marketplace: input.marketplace,
    root: wanted.value,
    decide: (stored, _context, isNew) => createPayment(stored, wanted.value, isNew),
  });
  if (made.ok) platform.cartMerchants.remember(made.value.payment);
  return made;
}

/**
 * An order that expires too soon cannot be created any more; but a repeated request for an order
 * that was created in time finds it.
 */
async function sameAgain(
  platform: Platform,
  order: NewPayment,
  refusal: HutongError,
): Outcome<CreatedIntent> {
  if (refusal.code !== 'expires_at_invalid') return err(refusal);
  const { marketplace, merchantOrderNo } = order;
  const query = { ...ANY_INTENT, merchantOrderNo };
  const found = await attemptRead(() => listPayments(platform.cells, marketplace, query, ONE));
  if (!found.ok) return found;
  const [stored] = found.value.rows;
  if (stored?.intent.contentHash !== contentHash(order)) return err(refusal);
  const foreign = sameOrderModeRefusal(stored, order.isLivemode ?? null);
  if (foreign !== undefined) return err(foreign);
  return ok({ payment: stored, created: stored.intent.id === order.id });
}

function ownMerchants(
  entry: CartEntry,
  input: CreateIntentInput,
): Result<Id<'merchant'>[], HutongError> {
  const ids: Id<'merchant'>[] = [];
  for (const [index, sub] of input.subOrders.entries()) {
    const id = parseId('merchant', sub.merchant);
    if (id === undefined || !entry.merchants.has(id)) {
      const param = `sub_orders[${index}].merchant`;
      return err(
        hutongError('merchant_unknown', `${sub.merchant} does not belong to this marketplace`, {
          param,
        }),
      );
    }
    ids.push(id);
  }
  return ok(ids);
}
