/**
 * Receives the wallets' notifications. The configuration in the path selects the keys; the message
 * must name that configuration's own account. The answer is sent after commit (rule 8), and no
 * message with a valid signature ever ends in an exception: one about an unknown order is
 * acknowledged and logged. The cost of refused messages is bounded (notification-guard.ts).
 */

import type { DecideContext } from '../../core/draft.ts';
import { type PaymentDecision, PaymentDraft } from '../../core/payment/draft.ts';
import type { Payment } from '../../core/payment/model.ts';
import { parseOrderNumber, parseRefundNumber } from '../../core/payment/order-number.ts';
import { applyReport } from '../../core/payment/report.ts';
import { applyRefundReport } from '../../core/refund/report.ts';
import type { Id } from '../../kernel/id.ts';
import { ok } from '../../kernel/result.ts';
import type { WalletName } from '../../kernel/wallet-names.ts';
import type {
  Notification,
  NotificationGate,
  RawRequest,
  RawResponse,
} from '../../wallets/wallet.ts';
import type { OpenedWallet } from '../base/directory.ts';
import type { Platform } from '../base/platform.ts';
import { describe } from '../base/wallet-call.ts';
import { decideOn } from './decide-on.ts';

const NO_SUCH_CONFIG: RawResponse = { status: 404, headers: {}, body: '' };
const UNAVAILABLE: RawResponse = { status: 503, headers: {}, body: '' };

export interface Callback {
  readonly wallet: WalletName;
  readonly config: Id<'wallet_config'>;
  readonly request: RawRequest;
  /** The address that refusals are counted against. */
  readonly from: string;
}

export async function acceptNotification(
  platform: Platform,
  { wallet, config, request, from }: Callback,
): Promise<RawResponse> {
  const opened = await platform.directory.wallet(config).catch(() => null);
  if (opened === null) return UNAVAILABLE;
  if (opened === undefined || opened.name !== wallet) return NO_SUCH_CONFIG;
  const visit = platform.notificationGuard.visit(from, config);
  const parsed = await parse(platform, opened, request, visit.gate);
  if (!parsed.ok) {
    const { code, explain } = parsed.error;
    platform.metrics.notification(wallet, code);
    if (visit.refused()) {
      platform.log.warn({ wallet, wallet_config: config, refusal: code }, explain);
    }
    return opened.wallet.refuse(parsed.error);
  }
  visit.verified();
  const taken = await take(platform, opened, parsed.value);
  platform.metrics.notification(wallet, taken);
  return taken === 'try_again'
    ? opened.wallet.refuse({ code: 'try_again' })
    : opened.wallet.acknowledge();
}

async function parse(
  platform: Platform,
  opened: OpenedWallet,
  request: RawRequest,
  gate: NotificationGate,
) {
  try {
    return await opened.wallet.parseNotification(request, gate);
  } catch (error) {
    // A parser must not throw; if one does, the message is refused and the defect is logged.
    platform.log.error({ wallet: opened.name, defect: describe(error) }, 'a notify parser failed');
    return {
      ok: false,
      error: { code: 'malformed', explain: 'the message could not be read' },
    } as const;
  }
}

type Taken = 'accepted' | 'ignored' | 'unknown_order' | 'try_again';

async function take(
  platform: Platform,
  opened: OpenedWallet,
  notification: Notification,
): Promise<Taken> {
  switch (notification.type) {
    case 'ignored':
      platform.log.info(
        { wallet: opened.name, what: notification.what },
        'a notification we do not act on',
      );
      return 'ignored';
    case 'attempt':
      return takeAttempt(platform, opened, notification);
    case 'refund':
      return takeRefund(platform, opened, notification);
  }
}

function unknownOrder(platform: Platform, opened: OpenedWallet, orderNo: string): 'unknown_order' {
  platform.log.error(
    { wallet: opened.name, wallet_config: opened.config, order_no: orderNo },
    'a verified notification of an order that is not ours',
  );
  return 'unknown_order';
}

async function takeAttempt(
  platform: Platform,
  opened: OpenedWallet,
  notification: Extract<Notification, { type: 'attempt' }>,
): Promise<Taken> {
  const { orderNo, notificationId, legs } = notification;
  const number = parseOrderNumber(orderNo);
  if (number === undefined) return unknownOrder(platform, opened, orderNo);
  const report = { outcome: 'answered', legs } as const;
  const { capabilities } = opened;
  return submit(platform, opened, {
    intent: number.intent,
    orderNo,
    notificationId,
    decide: (payment, context) => {
      const attempt = payment.attempts.find((row) => row.id === number.attempt);
      if (attempt?.config !== opened.config) return undefined;
      return applyReport(payment, { attempt: attempt.id, report, capabilities }, context);
    },
  });
}

async function takeRefund(
  platform: Platform,
  opened: OpenedWallet,
  notification: Extract<Notification, { type: 'refund' }>,
): Promise<Taken> {
  const { orderNo, refundNo, notificationId, report } = notification;
  const number = parseRefundNumber(refundNo);
  if (number === undefined) return unknownOrder(platform, opened, refundNo);
  return submit(platform, opened, {
    intent: number.intent,
    orderNo: refundNo,
    notificationId,
    decide: (payment, context) => {
      const refund = payment.refunds.find((row) => row.id === number.refund);
      const leg = payment.legs.find((row) => row.id === refund?.leg);
      const attempt = payment.attempts.find((row) => row.id === leg?.attempt);
      if (leg?.orderNo !== orderNo || attempt?.config !== opened.config) return undefined;
      return applyRefundReport(payment, { refund: number.refund, refundNo, report }, context);
    },
  });
}

/** A verified report about a payment. `decide` returns undefined if it is not this account's. */
interface Notified {
  readonly intent: Id<'payment_intent'>;
  readonly orderNo: string;
  readonly notificationId: string;
  readonly decide: (
    payment: Payment,
    context: DecideContext,
  ) => PaymentDecision<unknown> | undefined;
}

async function submit(platform: Platform, opened: OpenedWallet, order: Notified): Promise<Taken> {
  const applied = await decideOn(
    platform,
    { id: order.intent, marketplace: opened.marketplace },
    'notify',
    (payment, context): PaymentDecision<boolean> => {
      const decision = order.decide(payment, context);
      if (decision === undefined) return new PaymentDraft(payment).decided(() => false);
      return decision.ok ? ok({ ...decision.value, answer: true }) : decision;
    },
    { wallet: opened.name, id: order.notificationId },
  );
  if (applied.ok && applied.value) return 'accepted';
  const isForeign = applied.ok || applied.error.code === 'not_found';
  return isForeign ? unknownOrder(platform, opened, order.orderNo) : 'try_again';
}
