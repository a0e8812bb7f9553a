/**
 * Runs one parser over mutated inputs and says what went wrong: a crash, a refusal without a code,
 * more than 50 ms of CPU for one input, an accepted forgery, a seed that is not accepted.
 */
import { mutate, randomFrom } from './mutate.ts';
import type { FuzzParser, FuzzResult } from './parser.ts';

const CPU_MS_MAX = 50;

export interface FuzzReport {
  readonly accepted: number;
  readonly refused: number;
  readonly slowestMs: number;
  /** The first thing that went wrong, with its input in hex. */
  readonly problem: string | null;
}

export async function runParser(
  parser: FuzzParser,
  options: { readonly count: number; readonly seed: number },
): Promise<FuzzReport> {
  const random = randomFrom(options.seed);
  const seedTexts = new Set(parser.seeds.map((bytes) => bytes.toString('latin1')));
  const report = { accepted: 0, refused: 0, slowestMs: 0 };
  for (const bytes of parser.seeds) {
    const problem = await seedProblem(parser, bytes);
    if (problem !== null) return { ...report, problem: withInput(problem, bytes) };
  }
  for (let index = 0; index < options.count; index += 1) {
    const input = mutate(random, parser.seeds);
    const copy = Buffer.from(input);
    const judged = await judge(parser, input, seedTexts);
    report.slowestMs = Math.max(report.slowestMs, judged.cpuMs);
    report[judged.isAccepted ? 'accepted' : 'refused'] += 1;
    const problem = judged.problem ?? (copy.equals(input) ? null : 'it changed its input');
    if (problem !== null)
      return { ...report, problem: `input ${index}: ${withInput(problem, copy)}` };
  }
  return { ...report, problem: null };
}

function withInput(problem: string, input: Buffer): string {
  const hex = input.toString('hex');
  return `${problem}: ${hex.length > 400 ? `${hex.slice(0, 400)}… (${input.length} bytes)` : hex}`;
}

async function seedProblem(parser: FuzzParser, bytes: Buffer): Promise<string | null> {
  const result = await parser.parse(bytes);
  return result.ok ? null : `a seed is refused (${result.error.code})`;
}

interface Judged {
  readonly isAccepted: boolean;
  readonly cpuMs: number;
  readonly problem: string | null;
}

async function judge(
  parser: FuzzParser,
  input: Buffer,
  seedTexts: ReadonlySet<string>,
): Promise<Judged> {
  let measured: { readonly result: FuzzResult; readonly cpuMs: number };
  try {
    measured = await measure(parser, input);
    // Collecting garbage and compiling count as CPU too: a real slowness shows every time.
    for (let again = 0; again < 3 && measured.cpuMs > CPU_MS_MAX; again += 1) {
      const next = await measure(parser, input);
      if (next.cpuMs < measured.cpuMs) measured = next;
    }
  } catch (error) {
    const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return { isAccepted: false, cpuMs: 0, problem: `it crashed with ${what}` };
  }
  const { result, cpuMs } = measured;
  return { isAccepted: result.ok, cpuMs, problem: problemOf(parser, input, seedTexts, measured) };
}

async function measure(parser: FuzzParser, input: Buffer) {
  const before = process.cpuUsage();
  const pending = parser.parse(input);
  const result = pending instanceof Promise ? await pending : pending;
  const spent = process.cpuUsage(before);
  return { result, cpuMs: (spent.user + spent.system) / 1000 };
}

function problemOf(
  parser: FuzzParser,
  input: Buffer,
  seedTexts: ReadonlySet<string>,
  measured: { readonly result: FuzzResult; readonly cpuMs: number },
): string | null {
  const { result, cpuMs } = measured;
  if (cpuMs > CPU_MS_MAX) return `it took ${cpuMs.toFixed(1)} ms of CPU`;
  if (!result.ok) {
    const isTyped = typeof result.error?.code === 'string' && result.error.code !== '';
    return isTyped ? null : 'its refusal has no code';
  }
  if (parser.isForgery === undefined || seedTexts.has(input.toString('latin1'))) return null;
  return parser.isForgery(input, result.value) ? 'it accepted a forgery' : null;
}
