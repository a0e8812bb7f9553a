/**
 * Interconnection: a buyer pays with their own wallet (the payer's) a code of the wallet that the
 * merchants signed up with (the acceptor). The acceptor owns order number, keys, bill and refund;
 * the payer's wallet only scans. Which pairs work is stored by an operator, never coded. The
 * buyer's choice is stored apart from what the acceptor's answer reports.
 */
import { WALLET_NAMES, type WalletName } from './wallet-names.ts';

/** The payer's wallet may scan a code of the acceptor. */
export interface InterconnectPair {
  readonly payer: WalletName;
  readonly acceptor: WalletName;
}

export type InterconnectTable = readonly InterconnectPair[];

/** What institutions have announced for counter codes; the initial pairs of demo and sandbox. */
export const ANNOUNCED_PAIRS: InterconnectTable = Object.freeze([
  Object.freeze({ payer: 'unionpay', acceptor: 'wechatpay' }),
  Object.freeze({ payer: 'unionpay', acceptor: 'alipay' }),
  Object.freeze({ payer: 'jdpay', acceptor: 'wechatpay' }),
]);

/** A wallet can always pay its own codes; another's only if the pair is in the table. */
export function mayScan(table: InterconnectTable, pair: InterconnectPair): boolean {
  if (pair.payer === pair.acceptor) return true;
  return table.some((row) => row.payer === pair.payer && row.acceptor === pair.acceptor);
}

/**
 * All wallets that can pay a code of `acceptor`: itself first, the others in the fixed wallet
 * order.
 */
export function payersOf(table: InterconnectTable, acceptor: WalletName): WalletName[] {
  const others = WALLET_NAMES.filter(
    (payer) => payer !== acceptor && mayScan(table, { payer, acceptor }),
  );
  return [acceptor, ...others];
}
