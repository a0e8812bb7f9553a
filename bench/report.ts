/** What a benchmark hands back, and how it is shown. */
export interface Outcome {
  readonly figures: Readonly<Record<string, number | string>>;
  /** Why it failed, one line each; empty when every figure is where it must be. */
  readonly misses: readonly string[];
}

/** With `isJson`, one line that a program reads; else a table. Sets the exit code. */
export function report(name: string, outcome: Outcome, isJson: boolean): void {
  const print = (line: string): void => void process.stdout.write(`${line}\n`);
  const ok = outcome.misses.length === 0;
  if (isJson)
    print(JSON.stringify({ bench: name, ok, ...outcome.figures, misses: outcome.misses }));
  else {
    for (const [figure, value] of Object.entries(outcome.figures))
      print(`${figure.padEnd(28)} ${value}`);
    for (const miss of outcome.misses) print(`MISS  ${miss}`);
    print(ok ? `${name}: ok` : `${name}: failed`);
  }
  if (!ok) process.exitCode = 1;
}
