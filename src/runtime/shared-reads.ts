/**
 * Reads that share their questions: one is under way at a time, and whoever comes meanwhile shares
 * the next. So what anybody may ask costs a few statements, however many ask.
 */
interface Waiting<V> {
  readonly answer: Promise<V | undefined>;
  readonly resolve: (value: V | undefined) => void;
  readonly reject: (error: unknown) => void;
}

export interface SharedReadsOptions {
  /** Of one read. */
  readonly keysMax: number;
  /** Beyond so many that wait, no more is taken. */
  readonly waitingMax?: number;
  /** After each read. */
  readonly pauseMs?: number;
}

/** What a key stands for; undefined where it stands for nothing, or too many wait. */
export function createSharedReads<V>(
  read: (keys: readonly string[]) => Promise<ReadonlyMap<string, V>>,
  { keysMax, waitingMax = Number.POSITIVE_INFINITY, pauseMs = 0 }: SharedReadsOptions,
): (key: string) => Promise<V | undefined> {
  const waiting = new Map<string, Waiting<V>>();
  let isBusy = false;
  const next = async (): Promise<void> => {
    const batch = [...waiting].slice(0, keysMax);
    for (const [key] of batch) waiting.delete(key);
    try {
      const found = await read(batch.map(([key]) => key));
      for (const [key, { resolve }] of batch) resolve(found.get(key));
    } catch (error) {
      for (const [, { reject }] of batch) reject(error);
    }
    if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    if (waiting.size > 0) void next();
    else isBusy = false;
  };
  return (key) => {
    const known = waiting.get(key);
    if (known !== undefined) return known.answer;
    if (waiting.size >= waitingMax) return Promise.resolve(undefined);
    let settle: Pick<Waiting<V>, 'resolve' | 'reject'> | undefined;
    const answer = new Promise<V | undefined>((resolve, reject) => {
      settle = { resolve, reject };
    });
    if (settle !== undefined) waiting.set(key, { answer, ...settle });
    if (!isBusy) {
      isBusy = true;
      void next();
    }
    return answer;
  };
}
