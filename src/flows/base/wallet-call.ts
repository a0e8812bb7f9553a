/**
 * Every call to a wallet passes here: measured, counted for health, and never throwing. An adapter
 * exception is recorded as outcome unknown.
 *
 * If a wallet refuses our own credentials or permissions, the operator is alerted here, whatever
 * the outcome: the buyer cannot fix it. No money decision depends on it.
 */

import type { AttemptOrder, AttemptReference, RefundOrder } from '../../core/wallet/order.ts';
import {
  type CloseOutcome,
  isOwnError,
  type QueryOutcome,
  type RefundReport,
  type StartOutcome,
  silentRefund,
} from '../../core/wallet/report.ts';
import type { NextAction, WalletError } from '../../kernel/wallet-names.ts';
import { redactLongTokens } from '../payment/redact-payer-credentials.ts';
import type { OpenedWallet } from './directory.ts';
import type { Platform } from './platform.ts';

export const callWallet = {
  start: (platform: Platform, opened: OpenedWallet, order: AttemptOrder): Promise<StartOutcome> =>
    metered(platform, opened, 'create', () => opened.wallet.startAttempt(order)),

  query: (
    platform: Platform,
    opened: OpenedWallet,
    attempt: AttemptReference,
  ): Promise<QueryOutcome> =>
    metered(platform, opened, 'query', () => opened.wallet.queryAttempt(attempt)),

  close: (
    platform: Platform,
    opened: OpenedWallet,
    attempt: AttemptReference,
  ): Promise<CloseOutcome> =>
    metered(platform, opened, 'close', () => opened.wallet.closeAttempt(attempt)),

  refund: (platform: Platform, opened: OpenedWallet, order: RefundOrder): Promise<RefundReport> =>
    meteredRefund(platform, opened, 'refund', () => opened.wallet.refund(order)),

  queryRefund: (
    platform: Platform,
    opened: OpenedWallet,
    order: RefundOrder,
  ): Promise<RefundReport> =>
    meteredRefund(platform, opened, 'query_refund', () => opened.wallet.queryRefund(order)),
};

const UNKNOWN = { outcome: 'unknown', walletError: null } as const;

async function metered<T extends { readonly outcome: string }>(
  platform: Platform,
  opened: OpenedWallet,
  operation: string,
  call: () => Promise<T>,
): Promise<T | typeof UNKNOWN> {
  const answer = await measure(platform, opened, operation, call, ({ outcome }) => outcome);
  return answer ?? UNKNOWN;
}

async function meteredRefund(
  platform: Platform,
  opened: OpenedWallet,
  operation: string,
  call: () => Promise<RefundReport>,
): Promise<RefundReport> {
  const report = await measure(platform, opened, operation, call, ({ status }) => status);
  return report ?? silentRefund('unknown');
}

/** undefined: the adapter threw. */
async function measure<T extends object>(
  platform: Platform,
  opened: OpenedWallet,
  operation: string,
  call: () => Promise<T>,
  outcomeOf: (answer: T) => string,
): Promise<T | undefined> {
  const startedMs = platform.wall.nowMs();
  const record = (outcome: string): void => {
    platform.metrics.walletCall({
      wallet: opened.name,
      operation,
      outcome,
      ms: platform.wall.nowMs() - startedMs,
    });
    platform.health.record(opened.config, outcome !== 'unknown');
  };
  try {
    const answer = await call();
    const outcome = outcomeOf(answer);
    record(outcome);
    noteCredentials(platform, opened, { operation, outcome, answer });
    return answer;
  } catch (error) {
    record('unknown');
    platform.log.error(
      { wallet: opened.name, operation, defect: describe(error) },
      'an adapter failed',
    );
    return undefined;
  }
}

interface Said {
  readonly operation: string;
  readonly outcome: string;
  /** Any outcome or report of the wallet interface. */
  readonly answer: {
    readonly walletError?: WalletError | null;
    readonly nextAction?: NextAction | null;
  };
}

function noteCredentials(platform: Platform, opened: OpenedWallet, said: Said): void {
  const { operation, answer } = said;
  const { walletError } = answer;
  if (walletError?.isMisconfigured) noteRefusal(platform, opened, operation, walletError);
  else if (showsAcceptance(said)) platform.credentialRefusals.accepted(opened, operation);
}

/** A request that was only signed here, or never sent, shows nothing: no wallet has seen it. */
function showsAcceptance({ outcome, answer: { walletError, nextAction } }: Said): boolean {
  if (outcome === 'unknown' || outcome === 'unsupported') return false;
  if (walletError && isOwnError(walletError)) return false;
  return !nextAction || nextAction.type === 'qr_code';
}

/**
 * The wallet refuses the marketplace itself: counted, logged once a minute, stored for `doctor`.
 */
export function noteRefusal(
  { metrics, credentialRefusals, log }: Platform,
  opened: OpenedWallet,
  operation: string,
  error: WalletError,
): void {
  const { code } = error;
  // A wallet may echo what it was sent, and payment codes and taps work as money.
  const message = redactLongTokens(error.message);
  metrics.walletCredentialsRefused(opened.name, operation);
  if (!credentialRefusals.refused(opened, operation, { ...error, message })) return;
  const { marketplace, name: wallet, config } = opened;
  log.error(
    { marketplace, wallet, wallet_config: config, operation, code, message },
    "the wallet refuses the marketplace's own credentials or permissions",
  );
}

/** Names and messages only: an error object may hold a request with secrets in it. */
export function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
