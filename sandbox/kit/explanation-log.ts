/**
 * Why the city refused something, for the developer who has to fix it: both texts and the first
 * byte at which they differ. The newest are kept in memory; each is also a line of the log.
 */
import type { Clock } from '../../src/runtime/clock.ts';
import type { Explanation, Explanations } from './kit.ts';

const KEPT_COUNT_MAX = 200;
const LINE_CHARS_MAX = 160;

export interface KeptExplanation extends Explanation {
  readonly atMs: number;
  /** Byte offset into `expected`; null if there is nothing to compare or no difference. */
  readonly firstDifferenceByte: number | null;
}

export interface ExplanationLog extends Explanations {
  /** Newest first. */
  readonly recent: () => KeptExplanation[];
}

export function openExplanationLog(options: {
  readonly wall: Clock;
  readonly log: (line: string) => void;
}): ExplanationLog {
  const kept: KeptExplanation[] = [];
  return {
    add: (explanation) => {
      const entry: KeptExplanation = {
        ...explanation,
        atMs: options.wall.nowMs(),
        firstDifferenceByte: firstDifference(explanation.expected, explanation.received),
      };
      kept.push(entry);
      if (kept.length > KEPT_COUNT_MAX) kept.shift();
      options.log(lineOf(entry));
    },
    recent: () => [...kept].reverse(),
  };
}

function firstDifference(expected: string, received: string | null): number | null {
  if (received === null || expected === received) return null;
  const [a, b] = [Buffer.from(expected), Buffer.from(received)];
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index += 1) {
    if (a[index] !== b[index]) return index;
  }
  return length;
}

function lineOf(entry: KeptExplanation): string {
  const byte = entry.firstDifferenceByte;
  const where = byte === null ? '' : ` (first difference at byte ${byte})`;
  return `explanation ${entry.wallet}: ${oneLine(entry.what)}${where}: ${oneLine(entry.hint)}`;
}

/** A log line stays one line, whatever a caller sent. */
function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed
  return text.replace(/[\u0000-\u001f\u007f]+/g, ' ').slice(0, LINE_CHARS_MAX);
}
