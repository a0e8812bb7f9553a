/**
 * What is known of a buyer, and its end. A payment keeps the marketplace's own number of its buyer,
 * the device and the address it came from; none of them is needed once it is paid. Erased, the
 * number reads `erased` and the address is gone; amounts, times and books stay as they are.
 */
import { createHash } from 'node:crypto';
import type { Id } from '../../kernel/id.ts';

export const ERASED_BUYER = 'erased';

export interface BuyerErasure {
  readonly id: Id<'buyer_erasure'>;
  readonly marketplace: Id<'marketplace'>;
  readonly status: 'running' | 'done';
  /** Payments that it was erased from, so far. */
  readonly paymentIntents: number;
  readonly createdAtMs: number;
  readonly finishedAtMs: number | null;
}

/** How the store finds a buyer without keeping who is to be forgotten. */
export function buyerHash(marketplaceNumber: bigint, buyer: string): Buffer {
  return createHash('sha256').update(`${marketplaceNumber}:${buyer}`, 'utf8').digest();
}
