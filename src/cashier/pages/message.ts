/** A page with one message: unknown link, too many requests, refused, busy. It names no order. */

import { html } from '../html.ts';
import { SIGNS } from './marks.ts';
import { type PageContext, renderPage } from './page.ts';

export function messagePage(
  context: PageContext,
  message: { readonly title: string; readonly help: string },
): string {
  const { texts, path } = context;
  const back =
    path === null ? null : html`<p><a class="plain" href="${path}">${texts.backToPayment}</a></p>`;
  return renderPage(context, {
    title: message.title,
    heading: texts.cashier,
    body: html`<div class="single"><div class="card pay">${SIGNS.over}<h1>${message.title}</h1>
<p>${message.help}</p>
${back}</div></div>`,
  });
}
