/** The plain table and closing line of every command that shows something. */
export interface Tally {
  readonly row: (name: string, problem: string | null, note?: string) => void;
  readonly skip: (name: string, why: string) => void;
  /** Prints the figures and sets the exit code. */
  readonly close: () => boolean;
}

export function openTally(): Tally {
  let passed = 0;
  let failed = 0;
  let skipped = 0;
  const print = (text: string): void => void process.stdout.write(`${text}\n`);
  return {
    row: (name, problem, note = '') => {
      if (problem === null) passed += 1;
      else failed += 1;
      print(
        `${problem === null ? 'ok  ' : 'FAIL'}  ${name.padEnd(60)} ${problem ?? note}`.trimEnd(),
      );
    },
    skip: (name, why) => {
      skipped += 1;
      print(`skip  ${name.padEnd(60)} ${why}`);
    },
    close: () => {
      print(`${passed} passed, ${failed} failed, ${skipped} skipped`);
      const isGood = failed === 0 && passed > 0;
      if (!isGood) process.exitCode = 1;
      return isGood;
    },
  };
}
