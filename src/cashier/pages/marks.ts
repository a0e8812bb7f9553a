/**
 * Signs of the wallets, drawn for this page: a plain picture on the wallet's colour. They are not
 * the wallets' trademarks, are all of one size (neutrality), and stand beside the name in words.
 */
import type { WalletName } from '../../core/wallet.ts';
import { type Html, html } from '../html.ts';

interface Mark {
  readonly colour: string;
  readonly picture: Html;
}

const MARKS: Readonly<Record<WalletName, Mark>> = {
  wechatpay: {
    colour: '#07c160',
    picture: html`<path d="M11 12.5h18a3 3 0 0 1 3 3v8a3 3 0 0 1-3 3H19l-5 4.5v-4.5h-3a3 3 0 0 1-3-3v-8a3 3 0 0 1 3-3z"/><path class="i" d="M14.5 19.5h.01M20 19.5h.01M25.5 19.5h.01"/>`,
  },
  alipay: {
    colour: '#1677ff',
    picture: html`<circle cx="20" cy="20" r="11.5"/><path class="i" d="m15.5 14.5 4.5 6 4.5-6M20 20.5V27M15.8 21h8.4M15.8 24.2h8.4"/>`,
  },
  unionpay: {
    colour: '#0b6b74',
    picture: html`<path class="o" d="M13 15.5a8 8 0 0 1 0 9M18 12.5a14 14 0 0 1 0 15M23 9.5a20 20 0 0 1 0 21"/>`,
  },
  jdpay: {
    colour: '#d6222b',
    picture: html`<path d="M10 15h20v13.5a2 2 0 0 1-2 2H12a2 2 0 0 1-2-2zM12.5 9.5h15L30 13.5H10z"/><path class="i" d="M20 15v6"/>`,
  },
};

export function walletMark(wallet: WalletName, style: 'mark' | 'mark lead' = 'mark'): Html {
  const { colour, picture } = MARKS[wallet];
  return html`<svg class="${style}" viewBox="0 0 40 40" aria-hidden="true" fill="#fff" color="${colour}"><rect width="40" height="40" rx="11" fill="${colour}"/>${picture}</svg>`;
}

export const CHEVRON = html`<svg class="chevron" viewBox="0 0 20 20" aria-hidden="true"><path d="m8 5 5 5-5 5"/></svg>`;

export const SIGNS = {
  done: html`<svg class="sign done" viewBox="0 0 64 64" aria-hidden="true"><circle cx="32" cy="32" r="30"/><path d="m20 33 8.5 8.5L45 25"/></svg>`,
  wait: html`<svg class="sign wait" viewBox="0 0 64 64" aria-hidden="true"><circle cx="32" cy="32" r="30"/><path d="M32 17v16l10 6"/></svg>`,
  over: html`<svg class="sign over" viewBox="0 0 64 64" aria-hidden="true"><circle cx="32" cy="32" r="30"/><path d="M21 32h22"/></svg>`,
  care: html`<svg class="sign care" viewBox="0 0 64 64" aria-hidden="true"><circle cx="32" cy="32" r="30"/><path d="M32 18v18M32 45v.01"/></svg>`,
} as const;
