/** Due transfers, as the sweeps find them: what a crash left between two roots, and what waits. */
import { claimTransfer } from '../../core/balance/claim.ts';
import { claimed, type Work } from '../../engine/due.ts';
import type { Id } from '../../kernel/id.ts';
import type { Platform } from '../base/platform.ts';
import { carryTransfer, onTransfer } from './transfers.ts';

export async function claimDueTransfer(platform: Platform, id: Id<'transfer'>): Promise<Work> {
  const transfer = claimed(await onTransfer(platform, id, 'claim_transfer', claimTransfer));
  if (transfer === null) return null;
  return async () => {
    claimed(await carryTransfer(platform, transfer, false));
  };
}
