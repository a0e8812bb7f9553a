/** Creating an intent: checked against the marketplace's merchants, then claimed by its number. */
import { createPayment, newPayment } from '../core/create-payment.ts';
import { type HutongError, hutongError } from '../core/errors.ts';
import { type Id, parseId, shardOfId } from '../core/id.ts';
import type { Payment } from '../core/payment.ts';
import { err, ok, type Result } from '../core/result.ts';
import type { MarketplaceEntry } from './directory.ts';
import type { Platform } from './platform.ts';
import type { CreateIntentInput } from './use-cases.ts';

const TOKEN_SEED_BYTES = 20;

export async function createPaymentIntent(
  platform: Platform,
  input: CreateIntentInput,
): Promise<Result<{ readonly payment: Payment; readonly created: boolean }, HutongError>> {
  const entry = await platform.directory.marketplace(input.marketplace);
  if (entry === undefined) return err(hutongError('not_found', 'no such marketplace'));
  const merchants = merchantsOf(entry, input);
  if (!merchants.ok) return merchants;
  const shard = shardOfId(input.id);
  const wanted = newPayment({
    ...input,
    shard,
    subOrders: input.subOrders.map((sub, index) => ({
      ...sub,
      id: platform.ids.next('sub_order', shard),
      merchant: merchants.value[index] as Id<'merchant'>,
    })),
    nowMs: platform.clock.nowMs(),
    tokenSeed: platform.random.bytes(TOKEN_SEED_BYTES).toString('hex'),
  });
  if (!wanted.ok) return wanted;
  return platform.engine.submit({
    book: 'payment',
    name: 'create_payment_intent',
    shard,
    marketplace: input.marketplace,
    root: wanted.value,
    decide: (stored, _context, isNew) => createPayment(stored, wanted.value, isNew),
  });
}

function merchantsOf(
  entry: MarketplaceEntry,
  input: CreateIntentInput,
): Result<Id<'merchant'>[], HutongError> {
  const ids: Id<'merchant'>[] = [];
  for (const [index, sub] of input.subOrders.entries()) {
    const id = parseId('merchant', sub.merchant);
    if (id === undefined || !entry.merchants.has(id)) {
      const param = `sub_orders[${index}].merchant`;
      return err(
        hutongError('merchant_unknown', `${sub.merchant} is no merchant of this marketplace`, {
          param,
        }),
      );
    }
    ids.push(id);
  }
  return ok(ids);
}
