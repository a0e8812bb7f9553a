/**
 * Idempotency-Key: claim, run, complete (rule 12). The id of the object to be created is chosen
 * before the first try and stored with the key, so that a retry after a crash means the same row.
 *
 * - An answer is stored only if it is final: 2xx, and a wallet's refusal (402). After other
 *   refusals (4xx) the key is released. After a 5xx or a defect it is unknown how far the try came:
 *   the key stays bound to its body, and the same body resumes at once, with the same id.
 * - Secrets are never stored; a replay derives them again from the object's current state.
 */

import { hash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type {
  IdempotencyAnswer,
  IdempotentRequest,
  KeptAnswer,
} from '../flows/base/idempotency.ts';
import type { KeyClaim, RequestKey } from '../flows/base/key-claim.ts';
import type { Outcome } from '../flows/base/outcome.ts';
import { assert } from '../kernel/assert.ts';
import { ERRORS, hutongError } from '../kernel/errors.ts';
import { compareTexts } from '../kernel/order.ts';
import { err, ok } from '../kernel/result.ts';
import type { ServerDeps } from './deps.ts';
import { presentError } from './errors.ts';
import type { Answer, AnyRoute, Call, Idempotency, PathIds } from './route.ts';

/** Ready to send; `replayed` = the stored answer of an earlier request. */
export interface FinalAnswer {
  readonly status: number;
  readonly body: string;
  readonly replayed: boolean;
}

const KEY = /^[\x21-\x7e]([\x20-\x7e]{0,253}[\x21-\x7e])?$/;

export async function runIdempotent(
  deps: ServerDeps,
  route: AnyRoute,
  idempotency: Idempotency<PathIds, unknown, unknown>,
  incoming: { readonly request: FastifyRequest; readonly call: Omit<AnyCall, 'targetId'> },
  docsUrl: string,
): Outcome<FinalAnswer> {
  const { request, call } = incoming;
  const key = request.headers['idempotency-key'];
  if (typeof key !== 'string' || !KEY.test(key)) {
    return err(
      hutongError('idempotency_key_missing', 'send an Idempotency-Key of 1 to 255 characters', {
        param: 'Idempotency-Key',
      }),
    );
  }
  const claimed: IdempotentRequest = {
    marketplace: call.principal.marketplace,
    principal: call.principal.keyId,
    key,
    method: route.method,
    path: pathOf(request.url),
    bodyHash: hashOf(call.body),
    targetId: idempotency.target(deps, call),
  };
  const claim = deps.useCases.openClaim(claimed);
  const along =
    idempotency.claimsAlong === true
      ? await tryToAnswer(deps, route, { ...call, targetId: claimed.targetId, claim })
      : undefined;
  if (along !== undefined && 'defect' in along)
    deps.log.error({ err: along.defect, request_id: request.id }, 'a keyed request stumbled');
  const held = await claim.outcome();
  // What was answered without the key is not for this caller.
  if (!held.ok) return held;
  if (held.value.kind === 'replay') {
    // Stored with our own claim, whose commit was not answered: nobody has had it yet.
    const replayed = held.value.targetId !== claimed.targetId;
    return replay(deps, idempotency, call, { ...held.value, replayed });
  }
  const { targetId } = held.value;
  // An earlier try of the same request, which is resumed now, had another target.
  const isResumed = targetId !== claimed.targetId;
  const isAnswered = along !== undefined && !isResumed;
  const tried = isAnswered ? along : await tryToAnswer(deps, route, { ...call, targetId });
  const ending: Ending = { deps, request, claim, claimed: { ...claimed, targetId }, isResumed };
  if ('defect' in tried) {
    await free(ending, 'resume');
    throw tried.defect;
  }
  const { answered } = tried;
  const made = finalOf(answered, { requestId: request.id, docsUrl });
  // Where a commit that stood cannot be decided again, its answer is stored all the same.
  if (!answered.ok && made === undefined && claim.kept() === undefined) {
    await free(ending, ERRORS[answered.error.code].status < 500 ? 'release' : 'resume');
    return answered;
  }
  const stored = await store(ending, made);
  if (!stored.ok) return stored;
  const { status, body } = stored.value;
  if (!answered.ok && stored.value === made) return answered;
  if (!answered.ok || status >= 300)
    return replay(deps, idempotency, call, { status, body, replayed: false });
  return ok({ status, body: withSecrets(body, answered.value.secrets), replayed: false });
}

/** What a request has come to: a refusal that may be mended is not final. */
function finalOf(
  answered: Awaited<ReturnType<AnyRoute['handle']>>,
  context: Parameters<typeof presentError>[1],
): KeptAnswer | undefined {
  if (answered.ok) return keptOf(answered.value);
  const { status } = ERRORS[answered.error.code];
  return status === 402
    ? keptOf({ status, body: presentError(answered.error, context) })
    : undefined;
}

/** How a request ends that has its key. */
interface Ending {
  readonly deps: ServerDeps;
  readonly request: FastifyRequest;
  readonly claim: KeyClaim;
  readonly claimed: IdempotentRequest;
  readonly isResumed: boolean;
}

/**
 * Stored before it is sent: whoever received an answer gets the same one again, whatever crashes in
 * between (rules 8 and 12). Where two processes have run the request, one after the other's lease,
 * what is stored is the answer of both.
 */
async function store(ending: Ending, made: KeptAnswer | undefined): Outcome<KeptAnswer> {
  const { deps, claim, claimed, isResumed } = ending;
  const kept = claim.kept() ?? made;
  assert(kept !== undefined, 'a request has an answer');
  if (kept !== made) return ok(kept);
  await complete(ending, kept);
  if (!isResumed && !claim.isLate()) return ok(kept);
  const read = await deps.useCases.readKept(claimed);
  return read.ok ? ok(read.value ?? kept) : read;
}

/** Not once the lease may have expired: the key may be another process's by now. */
async function free(ending: Ending, how: 'release' | 'resume'): Promise<void> {
  if (!ending.claim.isLate()) await complete(ending, how);
}

type Tried =
  | { readonly answered: Awaited<ReturnType<AnyRoute['handle']>> }
  | { readonly defect: unknown };

async function tryToAnswer(deps: ServerDeps, route: AnyRoute, call: AnyCall): Promise<Tried> {
  try {
    return { answered: await route.handle(deps, call as Parameters<AnyRoute['handle']>[1]) };
  } catch (defect) {
    return { defect };
  }
}

type AnyCall = Call<PathIds, unknown, unknown>;

/** The work is committed: failing to store its answer must not fail the answer. */
async function complete(
  { deps, request, claimed }: Ending,
  answer: IdempotencyAnswer,
): Promise<void> {
  try {
    await deps.useCases.completeIdempotency(claimed, answer);
  } catch (error) {
    deps.log.warn(
      { err: error, request_id: request.id },
      'an idempotency key was left to its lease',
    );
  }
}

async function replay(
  deps: ServerDeps,
  idempotency: Idempotency<PathIds, unknown, unknown>,
  call: Omit<AnyCall, 'targetId'>,
  { status, body, replayed }: FinalAnswer,
): Outcome<FinalAnswer> {
  if (idempotency.refill === undefined || status >= 300) return ok({ status, body, replayed });
  const secrets = await idempotency.refill(deps, call.principal, JSON.parse(body));
  if (!secrets.ok) return secrets;
  return ok({ status, body: withSecrets(body, secrets.value), replayed });
}

function keptOf({ status, body }: Pick<Answer, 'status' | 'body'>): KeptAnswer {
  return { status, body: JSON.stringify(body) };
}

/** Adds members to the text of an object that has some. */
function withSecrets(body: string, secrets: Record<string, unknown> = {}): string {
  const added = JSON.stringify(secrets);
  return added === '{}' ? body : `${body.slice(0, -1)},${added.slice(1)}`;
}

/** What a use case needs to claim the key of its request, and to store how it is answered. */
export function requestKeyOf<T>(
  { claim }: Pick<AnyCall, 'claim'>,
  answerOf: (result: T) => Pick<Answer, 'status' | 'body'>,
): { readonly requestKey?: RequestKey<T> } {
  return claim === undefined
    ? {}
    : { requestKey: { claim, keep: (result) => keptOf(answerOf(result)) } };
}

function pathOf(url: string): string {
  const question = url.indexOf('?');
  return question < 0 ? url : url.slice(0, question);
}

/** SHA-256 of the body's meaning: white space and key order do not make another request. */
function hashOf(body: unknown): string {
  return hash('sha256', canonical(body), 'hex');
}

function canonical(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  const fields = value as Record<string, unknown>;
  let text = '';
  for (const key of Object.keys(fields).sort(compareTexts)) {
    text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${canonical(fields[key])}`;
  }
  return `{${text}}`;
}
