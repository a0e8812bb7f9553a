/**
 * An Idempotency-Key is claimed together with the first command of its request: both are in one
 * batch, and the command is decided only if the claim is granted there. So a request waits for one
 * commit less. Where the two come into different batches (another lane, another cell), the command
 * is sent again when the claim is committed.
 */
import { type AnyCommand, type Command, isUndecided } from '../../engine/command.ts';
import { hutongError } from '../../kernel/errors.ts';
import { err, type Result } from '../../kernel/result.ts';
import { claimCommand, type IdempotencyClaim, type IdempotentRequest } from './idempotency.ts';
import type { Outcome } from './outcome.ts';
import type { Platform } from './platform.ts';

export interface KeyClaim {
  /**
   * Sends a command of the request; the first one together with the claim. Where the claim is not
   * granted, nothing is decided, and what this answers is not for the caller: `outcome` says why.
   */
  readonly submit: <S, W, A>(command: Command<S, W, A>) => Outcome<A>;
  /** What became of the claim; it is made now, if no command was sent. */
  readonly outcome: () => Outcome<IdempotencyClaim>;
}

const NOT_GRANTED = err(hutongError('busy', 'the key of this request was not granted'));

export function openClaim(platform: Platform, request: IdempotentRequest): KeyClaim {
  const { engine } = platform;
  let claim: Outcome<IdempotencyClaim> | undefined;
  // For another target, an earlier try is resumed: the command was made for this one.
  const isGranted = (claimed: Result<unknown, unknown>): boolean => {
    if (!claimed.ok) return false;
    const { kind, targetId } = claimed.value as IdempotencyClaim;
    return kind === 'run' && targetId === request.targetId;
  };
  return {
    outcome: () => {
      claim ??= engine.submit(claimCommand(platform, request));
      return claim;
    },
    submit: async (command) => {
      if (claim !== undefined) return isGranted(await claim) ? engine.submit(command) : NOT_GRANTED;
      const claiming = { ...claimCommand(platform, request), near: command.shard };
      claim = engine.submit(claiming);
      const gate = { of: claiming as AnyCommand, isOpen: isGranted };
      const [claimed, answer] = await Promise.all([claim, engine.submit({ ...command, gate })]);
      if (!isGranted(claimed)) return NOT_GRANTED;
      return isUndecided(answer) ? engine.submit(command) : answer;
    },
  };
}
