/**
 * The pages for a buyer's browser: the cashier of a page payment, the return, and the error page.
 * All foreign text is escaped. After the payment the browser posts the signed fields to frontUrl,
 * as UnionPay's does; they are for display, never for booking.
 */
import { yuanText } from '../../../src/kernel/money.ts';
import { escapeHtml } from '../../kit/html.ts';
import type { CityKit, WireResponse } from '../../kit/kit.ts';
import { billHtml, phoneButton, returnForm, walletPage } from '../../kit/wallet-page.ts';
import { signAsGateway } from './answers.ts';
import { paidMessage } from './callbacks.ts';
import type { Answer, Context } from './context.ts';
import type { PurchaseRecord } from './records.ts';

export const CASHIER_PATH = '/b2c/showCard.action';

export function cashierUrl(kit: CityKit, purchase: PurchaseRecord): string {
  return `${kit.publicUrl}${CASHIER_PATH}?transNumber=${purchase.code}`;
}

const LOOK = { title: '银联在线支付收银台 · 沙箱 Sandbox cashier', colour: '#c8161d' };

export async function cashierPage(
  context: Context,
  purchase: PurchaseRecord,
  payee: string,
): Promise<WireResponse> {
  if (purchase.state === 'paid') return returnPage(context, purchase);
  if (purchase.state !== 'open') return errorPage({ respCode: purchase.failCode ?? '69' });
  const link = cashierUrl(context.kit, purchase);
  const main = `${billHtml(payee, yuanText(purchase.amountFen))}
<p>订单号 Order：<span>${escapeHtml(purchase.orderId)}</span></p>
${phoneButton(context.kit, 'unionpay', link)}`;
  return walletPage({ ...LOOK, main, reload: link });
}

async function returnPage(context: Context, purchase: PurchaseRecord): Promise<WireResponse> {
  const { frontUrl, merId } = purchase;
  if (frontUrl === null) return walletPage({ ...LOOK, main: '<p id="paid">支付成功 Paid</p>' });
  const merchant = context.store.merchants.get(merId);
  const signed = await signAsGateway(context, merchant, purchase, paidMessage(purchase));
  return walletPage({ ...LOOK, ...returnForm(context.kit, frontUrl, signed) });
}

/** Clients of the gateway find errors by the class name. */
export function errorPage({ respCode, why }: Pick<Answer, 'respCode' | 'why'>): WireResponse {
  const main = `<div class="end_error"><p>交易失败 Failed</p>
<p><code>${respCode}</code> ${escapeHtml(why ?? '')}</p></div>`;
  return walletPage({ ...LOOK, main });
}
