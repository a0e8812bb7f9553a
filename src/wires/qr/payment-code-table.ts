/**
 * Which digits are whose payment code (付款码), as data with a version: wallets change their
 * prefixes, and an operator edits this table, not the code. A row says what its certainty is.
 */
import type { WalletName } from '../../kernel/wallet-names.ts';

export interface PaymentCodeRow {
  /** A wallet of ours, or the name of one that is recognised only to be named in the refusal. */
  readonly wallet: WalletName | { readonly foreign: string };
  /** Two digits each. */
  readonly prefixes: readonly string[];
  readonly lengthMin: number;
  readonly lengthMax: number;
  readonly certainty: 'documented' | 'unverified';
}

export interface PaymentCodeTable {
  readonly version: string;
  readonly rows: readonly PaymentCodeRow[];
  /**
   * Decides where two accepted wallets have the same prefix and length. Empty = such a code is
   * refused until the caller names the wallet: with money nobody guesses.
   */
  readonly owners: readonly {
    readonly prefix: string;
    readonly length: number;
    readonly wallet: WalletName;
  }[];
  /** Whose an EMV consumer code is, by the start of its application id. */
  readonly applications: readonly { readonly aidPrefix: string; readonly wallet: WalletName }[];
}

export const PAYMENT_CODE_TABLE: PaymentCodeTable = Object.freeze({
  version: '2026-11-22',
  rows: [
    {
      wallet: 'wechatpay',
      prefixes: ['10', '11', '12', '13', '14', '15'],
      lengthMin: 18,
      lengthMax: 18,
      certainty: 'documented',
    },
    {
      wallet: 'alipay',
      prefixes: ['25', '26', '27', '28', '29', '30'],
      lengthMin: 16,
      lengthMax: 24,
      certainty: 'documented',
    },
    {
      wallet: 'unionpay',
      prefixes: ['62'],
      lengthMin: 19,
      lengthMax: 19,
      certainty: 'documented',
    },
    // JD's app shows codes of the UnionPay network too, which look like every other one of them.
    { wallet: 'jdpay', prefixes: ['62'], lengthMin: 19, lengthMax: 19, certainty: 'unverified' },
    { wallet: 'jdpay', prefixes: ['18'], lengthMin: 18, lengthMax: 18, certainty: 'unverified' },
    {
      wallet: { foreign: 'e-CNY (数字人民币)' },
      prefixes: ['01'],
      lengthMin: 19,
      lengthMax: 19,
      certainty: 'unverified',
    },
  ],
  // A 62 code of 19 digits is the UnionPay network's, whichever app shows it: where the merchant
  // takes both, the network that issued it charges it. Where it takes only JD Pay, JD does.
  owners: [{ prefix: '62', length: 19, wallet: 'unionpay' }],
  applications: [{ aidPrefix: 'A000000333', wallet: 'unionpay' }],
} satisfies PaymentCodeTable);
