/** The postings of a merchant's balance: see posting.ts. */
import type { Id } from '../../kernel/id.ts';
import type { Currency, Fen } from '../../kernel/money.ts';
import type { WalletName } from '../../kernel/wallet-names.ts';
import { available, clearing, owed, transferInTransit } from './chart.ts';
import { type Booked, credit, debit, type Entry, move, type Posting, posting } from './posting.ts';

/** What a movement changes of a balance; signed. */
interface Movement {
  readonly availableFen: Fen;
  readonly owedFen: Fen;
}

/** A transfer, or a line of a bill, and the balance that it changes. */
interface OfBalance {
  readonly walletAccount: Id<'wallet_account'>;
  readonly currency: Currency;
  readonly object: string;
}

const ours = ({ object, currency }: OfBalance): Booked => ({
  object,
  currency,
  occurredAtMs: null,
});

/** More is a credit to what is available, a debit to what is owed. */
function entriesOf(account: Id<'wallet_account'>, { availableFen, owedFen }: Movement): Entry[] {
  return [move(available(account), -availableFen), move(owed(account), owedFen)];
}

/** A transfer reached the balance, or was taken from it. */
export function transferApplied(transfer: OfBalance, movement: Movement): Posting {
  return posting('transfer_applied', ours(transfer), [
    move(transferInTransit, movement.availableFen - movement.owedFen),
    ...entriesOf(transfer.walletAccount, movement),
  ]);
}

/** What became available repays an advance. */
export function advanceRecovered(transfer: OfBalance, recoveredFen: Fen): Posting {
  const { walletAccount } = transfer;
  return posting('advance_recovered', ours(transfer), [
    debit(available(walletAccount), recoveredFen),
    credit(owed(walletAccount), recoveredFen),
  ]);
}

/** The wallet settled straight to the merchant's bank: its bill says when. */
export function settledToMerchant(
  settled: OfBalance & {
    readonly wallet: WalletName;
    readonly config: Id<'wallet_config'>;
    readonly occurredAtMs: number;
  },
  taken: Movement,
): Posting {
  const { availableFen, owedFen } = taken;
  return posting('settled_to_merchant', { ...ours(settled), occurredAtMs: settled.occurredAtMs }, [
    ...entriesOf(settled.walletAccount, { availableFen: -availableFen, owedFen }),
    credit(clearing(settled.wallet), availableFen + owedFen, settled.config),
  ]);
}
