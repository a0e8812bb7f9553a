/**
 * Interconnection: a buyer pays with the wallet they have (the payer's) a code of the wallet that
 * the merchants signed with (the acceptor). The acceptor owns order number, keys, bill and refund;
 * the payer's wallet only scans. Which pairs work is an operator's table, never a rule of code.
 * What the buyer chose is kept apart from what the acceptor's answer says.
 */
import { WALLET_NAMES, type WalletName } from './wallet-names.ts';

/** The payer's wallet may scan a code of the acceptor. */
export interface InterconnectPair {
  readonly payer: WalletName;
  readonly acceptor: WalletName;
}

export type InterconnectTable = readonly InterconnectPair[];

/** What institutions have announced for counter codes; the demo and the sandbox begin with it. */
export const ANNOUNCED_PAIRS: InterconnectTable = Object.freeze([
  Object.freeze({ payer: 'unionpay', acceptor: 'wechatpay' }),
  Object.freeze({ payer: 'unionpay', acceptor: 'alipay' }),
  Object.freeze({ payer: 'jdpay', acceptor: 'wechatpay' }),
]);

/** A wallet always pays its own codes; another's only by the table. */
export function mayScan(table: InterconnectTable, pair: InterconnectPair): boolean {
  if (pair.payer === pair.acceptor) return true;
  return table.some((row) => row.payer === pair.payer && row.acceptor === pair.acceptor);
}

/** Everyone who can pay a code of `acceptor`, itself first, the others in the wallets' order. */
export function payersOf(table: InterconnectTable, acceptor: WalletName): WalletName[] {
  const others = WALLET_NAMES.filter(
    (payer) => payer !== acceptor && mayScan(table, { payer, acceptor }),
  );
  return [acceptor, ...others];
}
