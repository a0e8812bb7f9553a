/**
 * Rule 12. A key is claimed with the id of the object to be created. While the request runs the key
 * is leased; once the lease expires the same body resumes with the same id; after that the stored
 * answer is replayed.
 */

import { type Decision, plainly } from '../../core/draft.ts';
import type { AnyCommand, Command } from '../../engine/command.ts';
import { hutongError } from '../../kernel/errors.ts';
import { shardOf } from '../../kernel/id.ts';
import { err, ok } from '../../kernel/result.ts';
import {
  IDEMPOTENCY_KEY,
  type IdempotencyRow,
  idempotencyKeyId,
  KEY_END,
  type KeyEnd,
  type KeyOutcome,
  keyEndId,
} from '../../store/batch/idempotency.ts';
import type { Outcome } from './outcome.ts';
import type { Platform } from './platform.ts';

export type IdempotencyClaim =
  /** The caller runs the request with this target id (a resumed lease returns the first one's). */
  | { readonly kind: 'run'; readonly targetId: string }
  | {
      readonly kind: 'replay';
      readonly status: number;
      readonly body: string;
      readonly targetId: string;
    };

/** What a request was answered, without secrets: a replay gives the same. */
export interface KeptAnswer {
  readonly status: number;
  readonly body: string;
}

export type IdempotencyAnswer = KeptAnswer | 'release' | 'resume';

type RequestColumns = 'marketplace' | 'principal' | 'key' | 'method' | 'path' | 'bodyHash';

export interface IdempotentRequest extends Pick<IdempotencyRow, RequestColumns> {
  readonly targetId: string;
}

export const KEY_LEASE_MS = 30_000;
/** Between the clocks of two processes. */
const CLOCKS_APART_MS = 5_000;
/** From then on, another process may have taken over the request of the key. */
export const KEY_SURE_MS = KEY_LEASE_MS - CLOCKS_APART_MS;
/** The caller waits for it. */
const ANSWER_PIGGYBACK_MS = 5;
const BODY_PURPOSE = 'idempotency_body';

function rowOf({ envelope }: Platform, request: IdempotentRequest, wallMs: number): IdempotencyRow {
  return {
    shard: shardOf(request.marketplace, request.key),
    marketplace: request.marketplace,
    key: request.key,
    principal: request.principal,
    method: request.method,
    path: request.path,
    // Under our own key: a body may hold a payment code, and a plain hash could be searched for it.
    bodyHash: envelope.fingerprint(BODY_PURPOSE, request.bodyHash),
    target: request.targetId,
    state: 'in_flight',
    leaseUntilMs: wallMs + KEY_LEASE_MS,
    status: null,
    answer: null,
    createdAtMs: wallMs,
    day: 0,
  };
}

function decideClaim(
  stored: IdempotencyRow,
  wanted: IdempotencyRow,
  isSameBody: (storedHash: string) => boolean,
  wallMs: number,
): Decision<IdempotencyRow, IdempotencyClaim> {
  const isSame =
    stored.principal === wanted.principal &&
    stored.method === wanted.method &&
    stored.path === wanted.path &&
    isSameBody(stored.bodyHash);
  if (!isSame && stored.state !== 'released') {
    return err(
      hutongError('idempotency_key_reused', 'this Idempotency-Key was used for another request'),
    );
  }
  if (stored.state === 'done') {
    return plainly(stored, { kind: 'replay', ...keptOf(stored), targetId: stored.target });
  }
  // The very claim whose commit was not answered: each request makes new target ids.
  const isOurs = isSame && stored.target === wanted.target;
  if (isOurs && stored.state === 'in_flight')
    return plainly(stored, { kind: 'run', targetId: stored.target });
  if (stored.state === 'in_flight' && stored.leaseUntilMs > wallMs) {
    return err(
      hutongError(
        'idempotency_key_in_flight',
        'the first request with this Idempotency-Key is still in flight',
      ),
    );
  }
  // The first try crashed, or was refused without storing an answer: same body, same target.
  const target = isSame ? stored.target : wanted.target;
  const { createdAtMs, day } = stored;
  const taken: IdempotencyRow = { ...wanted, target, createdAtMs, day };
  return plainly(taken, { kind: 'run', targetId: target });
}

export function claimIdempotency(
  platform: Platform,
  request: IdempotentRequest,
): Outcome<IdempotencyClaim> {
  return platform.engine.submit(claimCommand(platform, request));
}

export function claimCommand(
  platform: Platform,
  request: IdempotentRequest,
): Command<IdempotencyRow, IdempotencyRow, IdempotencyClaim> {
  const wallMs = platform.wall.nowMs();
  const wanted = rowOf(platform, request, wallMs);
  const isSameBody = (stored: string): boolean =>
    platform.envelope.isFingerprint(stored, BODY_PURPOSE, request.bodyHash);
  return {
    aggregate: IDEMPOTENCY_KEY,
    name: 'claim_key',
    shard: wanted.shard,
    marketplace: request.marketplace,
    root: wanted,
    decide: (stored, _context, isNew): Decision<IdempotencyRow, IdempotencyClaim> =>
      isNew
        ? plainly(stored, { kind: 'run', targetId: wanted.target })
        : decideClaim(stored, wanted, isSameBody, wallMs),
  };
}

/** The answer that is stored with the key, whoever stored it; it takes and changes nothing. */
export async function readKept(
  { engine }: Pick<Platform, 'engine'>,
  { marketplace, key }: IdempotentRequest,
): Outcome<KeptAnswer | undefined> {
  const shard = shardOf(marketplace, key);
  const read = await engine.submit({
    aggregate: IDEMPOTENCY_KEY,
    name: 'read_key',
    shard,
    marketplace,
    root: idempotencyKeyId({ shard, marketplace, key }),
    decide: (row): Decision<IdempotencyRow, KeptAnswer | undefined> =>
      plainly(row, row.state === 'done' ? keptOf(row) : undefined),
  });
  return !read.ok && read.error.code === 'not_found' ? ok(undefined) : read;
}

function keptOf({ status, answer }: IdempotencyRow): KeptAnswer {
  return { status: status ?? 200, body: answer ?? '' };
}

export async function completeIdempotency(
  platform: Platform,
  request: IdempotentRequest,
  answer: IdempotencyAnswer,
): Promise<void> {
  await platform.engine.submit({
    ...endOf(request),
    name: 'complete_key',
    // Under load it costs no commit of its own. A release is sent at once: a corrected body waits
    // for it.
    ...(typeof answer === 'object' ? { piggybackMs: ANSWER_PIGGYBACK_MS } : {}),
    decide: (end) =>
      plainly(isAnswered(end) ? end : { ...end, outcome: outcomeOf(answer) }, undefined),
  });
}

/**
 * Stores what is made of a command's answer, in the batch of that command. Where nothing is made
 * of it, or it came into another batch, nothing is stored, and `completeIdempotency` is to do it.
 */
export function keepCommand<S, W, A>(
  request: IdempotentRequest,
  command: Command<S, W, A>,
  keep: (answer: A) => KeptAnswer | undefined,
): Command<KeyEnd, never, KeptAnswer | undefined> {
  return {
    ...endOf(request),
    name: 'keep_answer',
    gate: { of: command as AnyCommand, isOpen: ({ ok }) => ok },
    near: command.shard,
    decide: (end, _context, _isNew, given) => {
      const kept = given?.ok === true ? keep(given.value as A) : undefined;
      if (kept === undefined || isAnswered(end)) return plainly(end, undefined);
      return plainly({ ...end, outcome: outcomeOf(kept) }, kept);
    },
  };
}

function endOf({ marketplace, key, targetId }: IdempotentRequest) {
  const shard = shardOf(marketplace, key);
  // Released meanwhile and claimed with another body: that request stores its own answer.
  const root = keyEndId({ shard, marketplace, key, target: targetId });
  return { aggregate: KEY_END, shard, marketplace, root };
}

/** Of several that ended in one batch, whoever has answered first stands. */
function isAnswered({ outcome }: KeyEnd): boolean {
  return outcome?.state === 'done';
}

function outcomeOf(answer: IdempotencyAnswer): KeyOutcome {
  const none = { status: null, answer: null };
  if (answer === 'release') return { state: 'released', leaseUntilMs: 0, ...none };
  // Still bound to its body: another body is refused, the same one resumes without waiting.
  if (answer === 'resume') return { state: null, leaseUntilMs: 0, ...none };
  return { state: 'done', leaseUntilMs: null, status: answer.status, answer: answer.body };
}
