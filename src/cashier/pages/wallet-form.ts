/**
 * A wallet's form as the browser posts it, with a button; its fields are the wallet's, unchanged.
 */
import type { FormAction } from '../../kernel/wallet-names.ts';
import { type Html, html } from '../html.ts';

export function walletForm(
  { action, fields }: FormAction,
  { label, mark }: { readonly label: string; readonly mark: 'data-go' | 'data-hand-out' },
): Html {
  const inputs = Object.entries(fields).map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`,
  );
  return html`<form method="post" action="${action}" accept-charset="utf-8" ${mark}>${inputs}<button class="primary">${label}</button></form>`;
}
