/** Claiming a due transfer, and settling it once both of its roots know of it. */
import { transition } from '../../kernel/state-table.ts';
import { type DecideContext, type Decision, plainly } from '../draft.ts';
import { type StoredTransfer, TRANSFER_STATES } from './transfer.ts';

const CLAIM_DELAYS_MS = [5_000, 15_000, 60_000, 300_000];
/** A reservation that waits for money asks again at least this often. */
const CLAIM_DELAY_MS_MAX = 600_000;

type Claimed = StoredTransfer & { readonly dueAtMs: number };

/** null: another process carries it, or it is settled. */
export function claimTransfer(
  transfer: StoredTransfer,
  { nowMs }: DecideContext,
): Decision<StoredTransfer, Claimed | null> {
  const { status, dueAtMs, tries } = transfer;
  const isDue = status === 'owed' && dueAtMs !== null && dueAtMs <= nowMs;
  if (!isDue) return plainly(transfer, null);
  const delayMs = CLAIM_DELAYS_MS[tries] ?? CLAIM_DELAY_MS_MAX;
  const claimed = { ...transfer, tries: tries + 1, dueAtMs: nowMs + delayMs };
  return plainly(claimed, claimed);
}

/** Both roots know of it. */
export function settleTransfer(
  transfer: StoredTransfer,
  { nowMs }: DecideContext,
): Decision<StoredTransfer, StoredTransfer> {
  if (transfer.status === 'applied') return plainly(transfer, transfer);
  const settled: StoredTransfer = {
    ...transfer,
    status: transition(TRANSFER_STATES, transfer.status, 'applied'),
    dueAtMs: null,
    settledAtMs: nowMs,
  };
  return plainly(settled, settled);
}
