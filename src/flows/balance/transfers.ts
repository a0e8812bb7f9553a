/**
 * Carries a transfer between its two roots: applied to the balance, once under its id; told to the
 * payment, where that waits for the answer; settled. Each step is a commit of its own and the next
 * one follows from what is stored, so whoever comes after a crash starts again at the first.
 */
import { applyTransfer, newBalance, type TransferOutcome } from '../../core/balance/balance.ts';
import { settleTransfer } from '../../core/balance/claim.ts';
import type { NewTransfer, StoredTransfer } from '../../core/balance/transfer.ts';
import { type DecideContext, type Decision, plainly } from '../../core/draft.ts';
import { applyReservation, type Reserved } from '../../core/refund/reservation.ts';
import { must } from '../../kernel/assert.ts';
import { type Id, parseId, shardOfId } from '../../kernel/id.ts';
import { ok } from '../../kernel/result.ts';
import { balanceRoot, homeShardOf, MERCHANT_BALANCE } from '../../store/balance/aggregate.ts';
import { TRANSFER } from '../../store/balance/transfers.ts';
import { CAPABILITIES } from '../../wallets/registry.ts';
import type { Outcome } from '../base/outcome.ts';
import type { Platform } from '../base/platform.ts';
import { decideOn } from '../payment/decide-on.ts';

/** A transfer with the payment that it belongs to. */
export interface CarriedTransfer extends NewTransfer {
  readonly marketplace: Id<'marketplace'>;
  readonly intent: Id<'payment_intent'>;
}

/** What the payment was told; null = nobody there waited for it. */
export interface Carried {
  readonly outcome: TransferOutcome;
  readonly reserved: Reserved | null;
}

/** `isSender`: the caller sends a refund that is reserved now; else it is due at once. */
export async function carryTransfer(
  platform: Platform,
  transfer: CarriedTransfer,
  isSender: boolean,
): Outcome<Carried> {
  const applied = await applyToBalance(platform, transfer);
  if (!applied.ok) return applied;
  const outcome = applied.value;
  const reserved =
    transfer.kind === 'reserve' ? await answer(platform, transfer, outcome, isSender) : ok(null);
  if (!reserved.ok) return reserved;
  // Both roots know of it: should this fail, the sweeps come again and find it so.
  if (outcome !== 'waiting')
    await onTransfer(platform, transfer.id, 'settle_transfer', settleTransfer);
  return ok({ outcome, reserved: reserved.value });
}

/** A release that the sweeps have not come to yet: what was asked of the balance waits for it. */
export async function carryAhead(platform: Platform, id: Id<'transfer'>): Promise<void> {
  const read = (stored: StoredTransfer) => plainly(stored, stored);
  const found = await onTransfer(platform, id, 'read_transfer', read);
  if (found.ok && found.value.status === 'owed')
    await carryTransfer(platform, { ...found.value, dueAtMs: 0 }, false);
}

async function applyToBalance(
  platform: Platform,
  transfer: CarriedTransfer,
): Outcome<TransferOutcome> {
  const { marketplace, merchant, walletAccount, wallet, currency } = transfer;
  const shard = homeShardOf(marketplace, merchant);
  const account = { id: walletAccount, shard, marketplace, merchant, wallet, currency };
  const submit = (root: string | ReturnType<typeof newBalance>): Outcome<TransferOutcome> =>
    platform.engine.submit({
      aggregate: MERCHANT_BALANCE,
      name: 'apply_transfer',
      ...{
        shard,
        marketplace,
        root,
        needs: [transfer.id, transfer.after].filter((id) => id !== null),
      },
      decide: (state, context) => applyTransfer(state, transfer, context),
    });
  const applied = await submit(balanceRoot(account));
  const isFirst = !applied.ok && applied.error.code === 'not_found';
  return isFirst ? submit(newBalance(account)) : applied;
}

function answer(
  platform: Platform,
  { intent, marketplace, source }: CarriedTransfer,
  outcome: TransferOutcome,
  isSender: boolean,
): Outcome<Reserved> {
  const refund = must(parseId('refund', source), 'the refund that money is reserved for');
  const answered = { refund, outcome, capabilities: CAPABILITIES, isSender };
  return decideOn(platform, { id: intent, marketplace }, 'apply_reservation', (payment, context) =>
    applyReservation(payment, answered, context),
  );
}

export function onTransfer<A>(
  platform: Platform,
  id: Id<'transfer'>,
  name: string,
  decide: (stored: StoredTransfer, context: DecideContext) => Decision<StoredTransfer, A>,
): Outcome<A> {
  const shard = shardOfId(id);
  const root = { shard, marketplace: null, root: id };
  return platform.engine.submit({ aggregate: TRANSFER, name, ...root, decide });
}
