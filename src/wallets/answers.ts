/**
 * What all adapters return in the same way. Plain functions, no base class: an adapter uses what
 * fits and writes the rest itself.
 *
 * A refusal by us, before a wallet is called, is distinguishable from a wallet's refusal: its code
 * begins with `hutong.`, which no wallet's documentation lists.
 */

import type { Capabilities } from '../core/wallet/capabilities.ts';
import type { AttemptReference, LegOrder } from '../core/wallet/order.ts';
import {
  type LegReport,
  OWN_ERROR_PREFIX,
  type QueryOutcome,
  type StartOutcome,
} from '../core/wallet/report.ts';
import { err, type Result } from '../kernel/result.ts';
import type { WalletError, WalletName } from '../kernel/wallet-names.ts';
import type { NotificationRefusal, RawRequest, RawResponse, WalletSeams } from './wallet.ts';

export function plainText(status: number, body: string): RawResponse {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body };
}

/**
 * The refusal of a callback, for wallets that deliver again unless they get their own
 * acknowledgement.
 */
export function refuseWithFail(refusal: { readonly code: string }): RawResponse {
  return plainText(REFUSAL_STATUSES[refusal.code] ?? 400, 'fail');
}

const REFUSAL_STATUSES: Readonly<Record<string, number>> = { try_again: 503, too_many: 429 };

export function refusedCallback(
  code: NotificationRefusal['code'],
  explain: string,
): Result<never, NotificationRefusal> {
  return err({ code, explain });
}

/** Why a posted form cannot be a wallet's; undefined = it may be read. */
export function refusedForm(
  { method, body }: RawRequest,
  isOversized: (body: Buffer) => boolean,
): Result<never, NotificationRefusal> | undefined {
  if (method !== 'POST') return refusedCallback('malformed', 'not a POST');
  return isOversized(body)
    ? refusedCallback('malformed', 'larger than any callback, or of more names')
    : undefined;
}

/** Refused by the gate because of the caller's address, before any costly work. */
export function tooManyCallbacks(): Result<never, NotificationRefusal> {
  return refusedCallback('too_many', 'too many refused callbacks came from there');
}

/** An error of ours about a call that was never made. */
export function ownError(wallet: WalletName, code: string, message: string): WalletError {
  return { wallet, code: `${OWN_ERROR_PREFIX}${code}`, message, requestId: null };
}

/**
 * A refusal whose code the wallet's table lists as concerning our own credentials or permissions.
 */
export function misconfigured(error: WalletError): WalletError {
  return { ...error, isMisconfigured: true };
}

/** The wallet was not called: the order cannot be paid, since it does not exist. */
export function notSent(wallet: WalletName, code: string, message: string): StartOutcome {
  return { outcome: 'failed', walletError: ownError(wallet, code, message) };
}

/** The only order of an attempt; undefined = it has several, or none. */
export function onlyLeg(attempt: Pick<AttemptReference, 'legs'>): LegOrder | undefined {
  const [leg, another] = attempt.legs;
  return another === undefined ? leg : undefined;
}

/** The order's own lifetime, plus what may still be in flight then. */
export function isOver(
  { expiresAtMs }: Pick<AttemptReference, 'expiresAtMs'>,
  { clock }: Pick<WalletSeams, 'clock'>,
  { notFoundIsFinalAfterMs }: Pick<Capabilities, 'notFoundIsFinalAfterMs'>,
): boolean {
  return clock.nowMs() >= expiresAtMs + notFoundIsFinalAfterMs;
}

/**
 * Reads a table of a wallet's codes. One that is not listed is `unknown`, never success and never
 * failure, and is queried again (rule 2).
 */
export function meaningOf<T>(
  words: Readonly<Record<string, T>>,
): (word: string | null | undefined) => T | 'unknown' {
  const meanings = new Map(Object.entries(words));
  return (word) => meanings.get(word ?? '') ?? 'unknown';
}

/** If nothing was reported about any order, the whole query is unknown, with the wallet's error. */
export function queryOutcome(
  legs: readonly LegReport[],
  walletError: WalletError | null,
): QueryOutcome {
  const isSilent = legs.every(
    ({ status, amountFen }) => status === 'unknown' && amountFen === null,
  );
  return isSilent ? { outcome: 'unknown', walletError } : { outcome: 'answered', legs };
}
