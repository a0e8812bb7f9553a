/**
 * A rule is a row: its name, the files it applies to, its complaints, and bad samples that it must
 * catch, so that a rule that went blind fails.
 */
import { type SourceFile, withoutComments } from './tree.ts';

export interface Rule {
  readonly name: string;
  readonly applies: (path: string) => boolean;
  readonly complaints: (file: SourceFile) => readonly string[];
  readonly bad: readonly SourceFile[];
  readonly good?: readonly SourceFile[];
}

/** A rule that a pattern in code (comments left out) breaks. */
export function banned(
  name: string,
  applies: (path: string) => boolean,
  pattern: RegExp,
  bad: readonly SourceFile[],
  good: readonly SourceFile[] = [],
): Rule {
  const complaints = (file: SourceFile) =>
    withoutComments(file.text)
      .split('\n')
      .filter((line) => pattern.test(line))
      .map((line) => `says ${line.trim().slice(0, 80)}`);
  return { name, applies, complaints, bad, good };
}
