/**
 * Which digits are whose payment code (付款码), as versioned data: wallets change their prefixes, and
 * an operator edits this table, not the code. Each row states how certain it is.
 */
import type { WalletName } from '../../kernel/wallet-names.ts';

export interface PaymentCodeRow {
  /** A wallet of ours, or one that is recognized only to name it in the refusal. */
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
   * Decides if two accepted wallets have the same prefix and length. Empty = such a code is refused
   * until the caller names the wallet: with money there is no guessing.
   */
  readonly owners: readonly {
    readonly prefix: string;
    readonly length: number;
    readonly wallet: WalletName;
  }[];
  /** The owner of an EMV consumer code, by the prefix of its application id. */
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
    // JD's app also shows codes of the UnionPay network, which look like all others of it.
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
  // A 62 code of 19 digits is the UnionPay network's, whichever app shows it: if the merchant
  // accepts both, the issuing network charges it; if only JD Pay, JD does.
  owners: [{ prefix: '62', length: 19, wallet: 'unionpay' }],
  applications: [{ aidPrefix: 'A000000333', wallet: 'unionpay' }],
} satisfies PaymentCodeTable);
