/**
 * Work that comes round again and again until it is stopped. A turn reports its own failures: it
 * never rejects. One that is due while the one before is still under way is left out.
 */
export interface Chore {
  /** No further turn begins; resolves when the one under way has ended. */
  readonly stop: () => Promise<void>;
}

export function startChore(everyMs: number, turn: () => Promise<void>): Chore {
  let underWay: Promise<void> | undefined;
  const timer = setInterval(() => {
    underWay ??= turn().finally(() => {
      underWay = undefined;
    });
  }, everyMs).unref();
  return {
    stop: async () => {
      clearInterval(timer);
      await underWay;
    },
  };
}

/** With a last turn when it is stopped. */
export function startWriting(everyMs: number, turn: () => Promise<void>): Chore {
  const chore = startChore(everyMs, turn);
  return { stop: () => chore.stop().then(turn) };
}
