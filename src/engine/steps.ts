/** The steps of a batch: what its commands make of each other's answers (`gate`). */
import { AssertionError, assert } from '../kernel/assert.ts';
import type { HutongError } from '../kernel/errors.ts';
import type { Result } from '../kernel/result.ts';
import type { AnyCommand } from './command.ts';

/**
 * All of them at once, where none depends on another. Else those of aggregates that open first,
 * then the others, then those that come last.
 */
export function stepsOf(commands: readonly AnyCommand[]): readonly (readonly AnyCommand[])[] {
  if (commands.every(({ gate }) => gate === undefined)) return [commands];
  const steps: AnyCommand[][] = [[], [], []];
  for (const command of commands) steps[stepOf(command)]?.push(command);
  return steps.filter((step) => step.length > 0);
}

function stepOf(command: AnyCommand): number {
  if (isOpener(command)) return 0;
  return command.aggregate.endsLast === true ? 2 : 1;
}

export function assertGate(command: AnyCommand): void {
  const { gate } = command;
  assert(gate === undefined || stepOf(gate.of) < stepOf(command), 'a gate is of an earlier step');
}

export const isOpener = ({ aggregate }: AnyCommand): boolean => aggregate.opensFirst === true;

/**
 * Which of them go on, by what this very batch has answered: what another batch has decided may not
 * be committed. A batch that is read back goes by what it was when it was committed.
 */
export function permit(
  commands: readonly AnyCommand[],
  answers: ReadonlyMap<AnyCommand, Result<unknown, HutongError> | AssertionError>,
  permitted: Set<AnyCommand>,
): void {
  for (const command of commands) {
    const { gate } = command;
    const answer = gate === undefined ? undefined : answers.get(gate.of);
    const isOpen =
      gate === undefined ||
      (answer !== undefined && !(answer instanceof AssertionError) && gate.isOpen(answer));
    if (isOpen) permitted.add(command);
  }
}
