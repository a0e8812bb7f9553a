/**
 * Marks of the wallets, drawn for us in a square of 40 by 40: a plain picture on the wallet's
 * color. They are not the wallets' trademarks, are all of one size (neutrality), and stand beside
 * the written name, on pages and on paper.
 */
import type { WalletName } from '../kernel/wallet-names.ts';

export const MARK_SIDE = 40;
/** The background of every mark: a square with rounded corners. */
export const MARK_FIELD =
  'M11 0h18a11 11 0 0 1 11 11v18a11 11 0 0 1-11 11H11a11 11 0 0 1-11-11V11a11 11 0 0 1 11-11z';
export const MARK_STROKE = 2.4;

export interface MarkShape {
  readonly path: string;
  /** `white`: filled. `line`: a line in the wallet's color. `white_line`: a white line. */
  readonly paint: 'white' | 'line' | 'white_line';
}

export interface WalletMark {
  readonly colour: string;
  readonly shapes: readonly MarkShape[];
}

export const WALLET_MARKS: Readonly<Record<WalletName, WalletMark>> = {
  wechatpay: {
    colour: '#07c160',
    shapes: [
      {
        path: 'M11 12.5h18a3 3 0 0 1 3 3v8a3 3 0 0 1-3 3H19l-5 4.5v-4.5h-3a3 3 0 0 1-3-3v-8a3 3 0 0 1 3-3z',
        paint: 'white',
      },
      { path: 'M14.5 19.5h.01M20 19.5h.01M25.5 19.5h.01', paint: 'line' },
    ],
  },
  alipay: {
    colour: '#1677ff',
    shapes: [
      { path: 'M8.5 20a11.5 11.5 0 1 0 23 0a11.5 11.5 0 1 0-23 0z', paint: 'white' },
      { path: 'M15.5 14.5l4.5 6 4.5-6M20 20.5V27M15.8 21h8.4M15.8 24.2h8.4', paint: 'line' },
    ],
  },
  unionpay: {
    colour: '#0b6b74',
    shapes: [
      {
        path: 'M13 15.5a8 8 0 0 1 0 9M18 12.5a14 14 0 0 1 0 15M23 9.5a20 20 0 0 1 0 21',
        paint: 'white_line',
      },
    ],
  },
  jdpay: {
    colour: '#d6222b',
    shapes: [
      {
        path: 'M10 15h20v13.5a2 2 0 0 1-2 2H12a2 2 0 0 1-2-2zM12.5 9.5h15L30 13.5H10z',
        paint: 'white',
      },
      { path: 'M20 15v6', paint: 'line' },
    ],
  },
};
