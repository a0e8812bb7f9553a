/** Reading the environment: the building blocks of every setting's check. */
import { err, ok, type Result } from '../kernel/result.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export function wholeNumber(
  environment: Environment,
  name: string,
  otherwise: number,
  min: number,
  max: number,
): Result<number, string> {
  const text = environment[name];
  if (text === undefined || text === '') return ok(otherwise);
  const value = Number(text);
  const isGood = Number.isInteger(value) && value >= min && value <= max;
  return isGood ? ok(value) : err(`${name} is a whole number from ${min} to ${max}, not ${text}`);
}
