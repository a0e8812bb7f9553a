/**
 * How a buyer starts an attempt: by the form of a wallet's row, or through the wallet's own
 * redirect if it must identify the payer first. Both end at the page (303), which then shows the
 * payment's state. Offers are checked again here, since a submitted form may be stale or forged.
 */

import type { FastifyReply } from 'fastify';
import type { OfferedProduct } from '../core/offer/offer.ts';
import type { StartAttemptInput } from '../flows/payment/choose-wallet.ts';
import type { ErrorCode, HutongError } from '../kernel/errors.ts';
import { type Id, parseId, shardOfId } from '../kernel/id.ts';
import { PRODUCTS, type Product, WALLET_NAMES, type WalletName } from '../kernel/wallet-names.ts';
import { BACK_COOKIE } from './back.ts';
import { deviceOf } from './device.ts';
import { canChoose, type Notice } from './model.ts';
import { ATTEMPT_COOKIE, type Visit } from './show.ts';
import { textOf } from './site.ts';

const ATTEMPT_COOKIE_SECONDS = 2 * 3600;

interface NamedChoice {
  readonly wallet: WalletName;
  readonly product: Product;
  /** The wallet app that the buyer pays with. */
  readonly payerWallet: WalletName;
}

/** `POST /pay/{pay_token}/attempts` */
export async function startFromForm(visit: Visit): Promise<FastifyReply> {
  const fields = visit.request.body ?? {};
  const choice = choiceOf(fields);
  const id = parseId('payment_attempt', textOf(fields.attempt) ?? '');
  const isOfThisPayment = id !== undefined && shardOfId(id) === visit.view.payment.intent.shard;
  if (choice === null || !isOfThisPayment) return backToPage(visit, 'invalid');
  // Submitted twice: the browser follows the second answer only.
  if (visit.view.payment.attempts.some((attempt) => attempt.id === id)) return goOn(visit, id);
  const offer = await offerOf(visit, choice);
  if (offer === null) return backToPage(visit, 'wallet_not_offered');
  if (offer.needsPayer) return toPayer(visit, choice);
  return startAttempt(visit, { id, ...choice, payer: {} });
}

/** `GET /pay/{pay_token}/payer`: starts nothing, only redirects to the wallet. */
export async function askPayer(visit: Visit): Promise<FastifyReply> {
  const choice = choiceOf(visit.request.query);
  if (choice === null) return backToPage(visit, 'invalid');
  const offer = await offerOf(visit, choice);
  if (offer === null || !offer.needsPayer) return backToPage(visit, 'wallet_not_offered');
  return toPayer(visit, choice);
}

/** `GET /pay/{pay_token}/return`: the wallet's redirect that identifies the payer. */
export async function payerCameBack(visit: Visit): Promise<FastifyReply> {
  const { deps, view, request } = visit;
  const state = textOf(request.query.state);
  const code = textOf(request.query.code) ?? textOf(request.query.auth_code);
  if (state === null || code === null) return backToPage(visit, 'payer_unknown');
  const payer = await deps.useCases.exchangePayerCode(request.params.pay_token, state, code);
  if (!payer.ok) {
    const isUnusable = payer.error.walletError?.isMisconfigured === true;
    return backToPage(visit, isUnusable ? 'wallet_not_offered' : 'payer_unknown');
  }
  // The wallet's code is single-use, so a reload ends above.
  const id = deps.useCases.newId('payment_attempt', view.payment.intent.shard);
  return startAttempt(visit, { id, ...payer.value });
}

function choiceOf(fields: Readonly<Record<string, unknown>>): NamedChoice | null {
  const wallet = WALLET_NAMES.find((name) => name === fields.wallet);
  const product = PRODUCTS.find((name) => name === fields.product);
  if (wallet === undefined || product === undefined) return null;
  if (fields.payer_wallet === undefined) return { wallet, product, payerWallet: wallet };
  const payerWallet = WALLET_NAMES.find((name) => name === fields.payer_wallet);
  return payerWallet === undefined ? null : { wallet, product, payerWallet };
}

async function offerOf(visit: Visit, choice: NamedChoice): Promise<OfferedProduct | null> {
  const { deps, view, request } = visit;
  if (!canChoose(view.payment, deps.clock.nowMs())) return null;
  const { marketplace, id } = view.payment.intent;
  const device = deviceOf(request.headers['user-agent']);
  const offers = await deps.useCases.listOffers(marketplace, id, device);
  if (!offers.ok) return null;
  const isNamed = ({ wallet, product, payerWallet }: OfferedProduct): boolean =>
    wallet === choice.wallet && product === choice.product && payerWallet === choice.payerWallet;
  return offers.value.offered.find(isNamed) ?? null;
}

async function toPayer(visit: Visit, choice: NamedChoice): Promise<FastifyReply> {
  const { deps, request } = visit;
  const { wallet, product } = choice;
  const url = await deps.useCases.payerAuthorizeUrl(request.params.pay_token, wallet, product);
  return url.ok ? seeOther(visit, url.value) : backToPage(visit, noticeOf(url.error));
}

async function startAttempt(
  visit: Visit,
  start: Pick<StartAttemptInput, 'id' | 'wallet' | 'product' | 'payer' | 'payerWallet'>,
): Promise<FastifyReply> {
  const { marketplace, id: intent } = visit.view.payment.intent;
  const { request, deps } = visit;
  const cashier = { buyerIp: request.ip };
  const whose = { marketplace, intent, cashier, isLivemode: null };
  const started = await deps.useCases.startAttempt({ ...whose, ...start });
  // Too many at once, at several processes: what the count before it could not see.
  if (!started.ok && started.error.code === 'rate_limited')
    return visit.site.limited(request, visit.reply);
  if (!started.ok) return backToPage(visit, noticeOf(started.error));
  return goOn(visit, started.value.attempt.id);
}

/** `?go=` marks the tab that submitted: only that one opens the wallet automatically. */
function goOn(visit: Visit, attempt: Id<'payment_attempt'>): FastifyReply {
  const { site, reply, request, path } = visit;
  const maxAgeSeconds = ATTEMPT_COOKIE_SECONDS;
  site.setCookie(reply, { name: ATTEMPT_COOKIE, value: attempt, maxAgeSeconds });
  site.setCookie(reply, { name: BACK_COOKIE, value: request.params.pay_token, maxAgeSeconds });
  return seeOther(visit, `${path}?go=${attempt}`);
}

const NOTICE_OF_ERROR: Partial<Record<ErrorCode, Notice>> = {
  wallet_declined: 'declined',
  wallet_not_offered: 'wallet_not_offered',
  payment_intent_not_payable: 'not_payable',
  payer_missing: 'payer_unknown',
};

function noticeOf(error: HutongError): Notice {
  // The wallet refuses the marketplace, not this payment: the buyer can only use another wallet.
  if (error.walletError?.isMisconfigured) return 'wallet_not_offered';
  return NOTICE_OF_ERROR[error.code] ?? 'busy';
}

function backToPage(visit: Visit, notice: Notice | null): FastifyReply {
  return seeOther(visit, notice === null ? visit.path : `${visit.path}?notice=${notice}`);
}

function seeOther(visit: Visit, address: string): FastifyReply {
  return visit.reply.headers(visit.site.headers).redirect(address, 303);
}
