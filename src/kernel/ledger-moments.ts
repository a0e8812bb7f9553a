/**
 * The ledger moments: why a ledger transaction was booked. openapi.json and
 * docs/reference/words.md are written from this list. A published moment never changes its meaning.
 */
export const LEDGER_MOMENTS = Object.freeze({
  paid: 'A leg was paid: into the merchants’ escrow, less the wallet’s expected fee.',
  paid_superseded: 'Paid a second time, or too late: all of it is due back to the buyer.',
  paid_conflicted: 'Paid otherwise than asked: the wallet’s own figure is held in suspense.',
  conflict_accepted: 'A conflict was accepted: from suspense to the merchants.',
  conflict_superseded: 'A conflict is refunded: from suspense to what is due to the buyer.',
  refund_reserved: 'A refund was reserved, before its wallet is asked.',
  refund_corrected: 'A refund was charged to other accounts than were reserved.',
  refund_succeeded: 'The wallet returned the money to the buyer.',
  refund_failed: 'A refund failed: what was reserved is released.',
  account_moved: 'A balance moved to another name of its account: no money did.',
  escrow_released: 'What was held is on its way to the merchant’s balance.',
  transfer_applied: 'A transfer reached the merchant’s balance, or was taken from it.',
  advance_recovered: 'What became available repaid what the merchant owed.',
  settled_to_merchant: 'The wallet settled straight to the merchant’s bank.',
});

export type LedgerMoment = keyof typeof LEDGER_MOMENTS;
