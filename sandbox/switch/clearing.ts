/**
 * Computes a day's clearing from its movements: one total per ordered pair of institutions, and the
 * net position of each institution. Pure. The positions always sum to zero, since whatever one
 * institution is owed another one owes.
 */
import { assert } from '../../src/kernel/assert.ts';
import { type Fen, fenToYuan, sumFen } from '../../src/kernel/money.ts';
import { WALLET_NAMES, type WalletName } from '../../src/kernel/wallet-names.ts';
import type { Movement } from './movements.ts';

export interface PairClearing {
  readonly payer: WalletName;
  readonly acceptor: WalletName;
  readonly paymentCount: number;
  readonly paymentFen: Fen;
  readonly refundCount: number;
  readonly refundFen: Fen;
  /** What the payer's institution owes the acceptor's; negative if refunds exceed payments. */
  readonly netFen: Fen;
  readonly movements: readonly Movement[];
}

export interface Position {
  readonly wallet: WalletName;
  readonly receivableFen: Fen;
  readonly payableFen: Fen;
  readonly netFen: Fen;
}

export interface Clearing {
  readonly date: string;
  readonly pairs: readonly PairClearing[];
  readonly positions: readonly Position[];
}

export function clearingOf(date: string, movements: readonly Movement[]): Clearing {
  const pairs = WALLET_NAMES.flatMap((payer) =>
    WALLET_NAMES.flatMap((acceptor) => {
      const own = movements.filter((row) => row.payer === payer && row.acceptor === acceptor);
      return own.length === 0 ? [] : [pairOf(payer, acceptor, own)];
    }),
  );
  const positions = WALLET_NAMES.flatMap((wallet) => {
    const own = pairs.filter((pair) => pair.payer === wallet || pair.acceptor === wallet);
    return own.length === 0 ? [] : [positionOf(wallet, own)];
  });
  assert(sumFen(positions.map((row) => row.netFen)) === 0n, 'the net positions sum to zero');
  return { date, pairs, positions };
}

function pairOf(
  payer: WalletName,
  acceptor: WalletName,
  movements: readonly Movement[],
): PairClearing {
  const payments = movements.filter((row) => row.kind === 'payment');
  const refunds = movements.filter((row) => row.kind === 'refund');
  const paymentFen = sumFen(payments.map((row) => row.amountFen));
  const refundFen = sumFen(refunds.map((row) => row.amountFen));
  return {
    ...{ payer, acceptor, movements, paymentFen, refundFen },
    paymentCount: payments.length,
    refundCount: refunds.length,
    netFen: paymentFen - refundFen,
  };
}

function positionOf(wallet: WalletName, pairs: readonly PairClearing[]): Position {
  const asAcceptor = pairs.filter((pair) => pair.acceptor === wallet);
  const asPayer = pairs.filter((pair) => pair.payer === wallet);
  // Owed to it: payments it accepted, and refunds of payments that its own buyers made elsewhere.
  const receivableFen = sumFen([
    ...asAcceptor.map((pair) => pair.paymentFen),
    ...asPayer.map((pair) => pair.refundFen),
  ]);
  const payableFen = sumFen([
    ...asPayer.map((pair) => pair.paymentFen),
    ...asAcceptor.map((pair) => pair.refundFen),
  ]);
  return { wallet, receivableFen, payableFen, netFen: receivableFen - payableFen };
}

const LINE_END = '\r\n';

/** The file of one ordered pair: one line per movement, and a trailer that must agree with them. */
export function pairFile(date: string, pair: PairClearing): string {
  const lines = pair.movements.map((row) =>
    csv([
      row.kind,
      row.acceptor,
      row.orderNo,
      row.transactionId ?? '',
      row.merchant,
      fenToYuan(row.amountFen),
      new Date(row.postedAtMs).toISOString(),
    ]),
  );
  return [
    csv(['clearing_date', date, 'payer', pair.payer, 'acceptor', pair.acceptor, 'currency', 'CNY']),
    'kind,acceptor,order_no,transaction_id,merchant,amount,posted_at',
    ...lines,
    csv([
      ...['total', 'payments', String(pair.paymentCount), fenToYuan(pair.paymentFen)],
      ...['refunds', String(pair.refundCount), fenToYuan(pair.refundFen)],
      ...['net', fenToYuan(pair.netFen)],
    ]),
    '',
  ].join(LINE_END);
}

export function positionsFile(clearing: Clearing): string {
  const rows = clearing.positions.map((row) =>
    csv([
      row.wallet,
      fenToYuan(row.receivableFen),
      fenToYuan(row.payableFen),
      fenToYuan(row.netFen),
    ]),
  );
  return [
    csv(['clearing_date', clearing.date, 'currency', 'CNY']),
    'institution,receivable,payable,net',
    ...rows,
    csv(['total', '', '', fenToYuan(sumFen(clearing.positions.map((row) => row.netFen)))]),
    '',
  ].join(LINE_END);
}

/** Order numbers and names come from outside: quoted where a reader could misread them. */
function csv(fields: readonly string[]): string {
  return fields
    .map((field) => (/[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field))
    .join(',');
}
