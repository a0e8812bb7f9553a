/** Icons of pages: a wallet's mark beside its name, a chevron, and the result of a payment. */
import type { WalletName } from '../../kernel/wallet-names.ts';
import { type Html, html } from '../html.ts';
import { MARK_FIELD, MARK_SIDE, type MarkShape, WALLET_MARKS } from '../wallet-marks.ts';

/** White is inherited; `i` is a line in the wallet's color, `o` a white one (cashier.css). */
const PAINTS: Readonly<Record<MarkShape['paint'], Html | null>> = {
  white: null,
  line: html` class="i"`,
  white_line: html` class="o"`,
};

export function walletMark(wallet: WalletName, style: 'mark' | 'mark lead' = 'mark'): Html {
  const { colour, shapes } = WALLET_MARKS[wallet];
  const picture = shapes.map(({ path, paint }) => html`<path${PAINTS[paint]} d="${path}"/>`);
  return html`<svg class="${style}" viewBox="0 0 ${MARK_SIDE} ${MARK_SIDE}" aria-hidden="true" fill="#fff" color="${colour}"><path fill="${colour}" d="${MARK_FIELD}"/>${picture}</svg>`;
}

export const CHEVRON = html`<svg class="chevron" viewBox="0 0 20 20" aria-hidden="true"><path d="m8 5 5 5-5 5"/></svg>`;

export const SIGNS = {
  done: html`<svg class="sign done" viewBox="0 0 64 64" aria-hidden="true"><circle cx="32" cy="32" r="30"/><path d="m20 33 8.5 8.5L45 25"/></svg>`,
  wait: html`<svg class="sign wait" viewBox="0 0 64 64" aria-hidden="true"><circle cx="32" cy="32" r="30"/><path d="M32 17v16l10 6"/></svg>`,
  over: html`<svg class="sign over" viewBox="0 0 64 64" aria-hidden="true"><circle cx="32" cy="32" r="30"/><path d="M21 32h22"/></svg>`,
  care: html`<svg class="sign care" viewBox="0 0 64 64" aria-hidden="true"><circle cx="32" cy="32" r="30"/><path d="M32 18v18M32 45v.01"/></svg>`,
} as const;
