/**
 * An Idempotency-Key is claimed together with the first command of its request: both are in one
 * batch, and the command is decided only if the claim is granted there. The request's answer is
 * stored together with its last command, which may be the first one. So a request waits for two
 * commits less. Where two of them come into different batches (another lane, another cell), the
 * command is sent again when the claim is committed, and the answer is stored on its own.
 */
import {
  type AnyCommand,
  type Command,
  isUnanswered,
  isUndecided,
  UNANSWERED,
} from '../../engine/command.ts';
import { hutongError } from '../../kernel/errors.ts';
import { err, type Result } from '../../kernel/result.ts';
import {
  claimCommand,
  type IdempotencyClaim,
  type IdempotentRequest,
  KEY_SURE_MS,
  type KeptAnswer,
  keepCommand,
  readKept,
} from './idempotency.ts';
import type { Outcome } from './outcome.ts';
import type { Platform } from './platform.ts';

type Keep<A> = (answer: A) => KeptAnswer | undefined;

export interface KeyClaim {
  /**
   * Sends a command of the request; the first one together with the claim. Where the claim is not
   * granted, nothing is decided, and what this answers is not for the caller: `outcome` says why.
   */
  readonly submit: <S, W, A>(command: Command<S, W, A>) => Outcome<A>;
  /** As `submit`; and what `keep` makes of its answer is stored as that of the request. */
  readonly submitLast: <S, W, A>(command: Command<S, W, A>, keep: Keep<A>) => Outcome<A>;
  /** What became of the claim; it is made now, if no command was sent. */
  readonly outcome: () => Outcome<IdempotencyClaim>;
  /** The answer that is stored with the key; undefined: not yet. */
  readonly kept: () => KeptAnswer | undefined;
  /** Its lease may have expired, and another process run the same request. */
  readonly isLate: () => boolean;
}

/** The key of a request that is answered with a `T`. */
export interface RequestKey<T> {
  readonly claim: KeyClaim;
  readonly keep: (result: T) => KeptAnswer;
}

/** What sends a command: the engine, or a key's claim. */
export interface Sender<A> {
  readonly submit: <S, W>(command: Command<S, W, A>) => Outcome<A>;
}

const NOT_GRANTED = err(hutongError('busy', 'the key of this request was not granted'));

export function openClaim(platform: Platform, request: IdempotentRequest): KeyClaim {
  const { engine } = platform;
  const openedAtMs = platform.wall.nowMs();
  let claim: Outcome<IdempotencyClaim> | undefined;
  let kept: KeptAnswer | undefined;
  const isLate = (): boolean => platform.wall.nowMs() - openedAtMs >= KEY_SURE_MS;
  // For another target, an earlier try is resumed: the command was made for this one.
  const isGranted = (claimed: Result<unknown, unknown>): boolean => {
    if (!claimed.ok) return false;
    const { kind, targetId } = claimed.value as IdempotencyClaim;
    return kind === 'run' && targetId === request.targetId;
  };
  const send = async <S, W, A>(command: Command<S, W, A>, keep?: Keep<A>): Outcome<A> => {
    if (keep === undefined) return engine.submit(command);
    const [answer, keeping] = await Promise.all([
      engine.submit(command),
      engine.submit(keepCommand(request, command, keep)),
    ]);
    // Read back after a lost COMMIT, it is of a later state. And once the lease has expired,
    // another process may have answered first: its answer stands.
    if (!isUnanswered(keeping) && !(keeping.ok && isLate())) {
      kept = keeping.ok ? keeping.value : undefined;
      return answer;
    }
    const stored = await readKept(platform, request);
    if (!stored.ok) return UNANSWERED;
    kept = stored.value;
    return answer;
  };
  const submit = async <S, W, A>(command: Command<S, W, A>, keep?: Keep<A>): Outcome<A> => {
    if (claim !== undefined) return isGranted(await claim) ? send(command, keep) : NOT_GRANTED;
    const claiming = { ...claimCommand(platform, request), near: command.shard };
    claim = engine.submit(claiming);
    const gate = { of: claiming as AnyCommand, isOpen: isGranted };
    const [claimed, answer] = await Promise.all([claim, send({ ...command, gate }, keep)]);
    if (!isGranted(claimed)) return NOT_GRANTED;
    return isUndecided(answer) ? send(command, keep) : answer;
  };
  return {
    submit,
    submitLast: submit,
    outcome: () => {
      claim ??= engine.submit(claimCommand(platform, request));
      return claim;
    },
    kept: () => kept,
    isLate,
  };
}

/**
 * For the last command of a request: `resultOf` its answer is the request's, if that is no refusal.
 * undefined: the request goes on. Without a key it is the engine.
 */
export function lastSender<T, A>(
  { engine }: Platform,
  key: RequestKey<T> | undefined,
  resultOf: (answer: A) => Result<T, unknown> | undefined,
): Sender<A> {
  if (key === undefined) return engine;
  const keep = (answer: A): KeptAnswer | undefined => {
    const result = resultOf(answer);
    return result?.ok === true ? key.keep(result.value) : undefined;
  };
  return { submit: (command) => key.claim.submitLast(command, keep) };
}
