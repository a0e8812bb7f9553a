/**
 * What we store about a buyer, and its erasure. A payment keeps the marketplace's own buyer number,
 * the device and the IP address; none of them is needed once it is paid. After erasure the number
 * reads `erased` and the address is gone; amounts, times and the ledger do not change.
 */
import { hash } from 'node:crypto';
import type { Id } from '../../kernel/id.ts';

export const ERASED_BUYER = 'erased';

export interface BuyerErasure {
  readonly id: Id<'buyer_erasure'>;
  readonly marketplace: Id<'marketplace'>;
  readonly status: 'running' | 'done';
  /** Payments erased so far. */
  readonly paymentIntents: number;
  readonly createdAtMs: number;
  readonly finishedAtMs: number | null;
}

/** How the store finds a buyer's payments without storing the number that is to be erased. */
export function buyerHash(marketplaceNumber: bigint, buyer: string): Buffer {
  return hash('sha256', `${marketplaceNumber}:${buyer}`, 'buffer');
}
