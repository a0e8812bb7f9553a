/**
 * Limits concurrency per key; further callers wait in order, at most `waitMs` where they say so.
 * Memory is held only for keys in use.
 */
export interface Gate {
  /** Resolves with a release function; undefined if `waitMs` expired first. */
  readonly enter: (key: string, waitMs?: number) => Promise<(() => void) | undefined>;
}

interface Queue {
  inside: number;
  readonly waiting: Set<() => void>;
}

export function createGate(options: { readonly insideMax: number }): Gate {
  const queues = new Map<string, Queue>();
  const leave = (key: string, queue: Queue): void => {
    const [next] = queue.waiting;
    if (next === undefined) {
      queue.inside -= 1;
      if (queue.inside === 0) queues.delete(key);
    } else {
      queue.waiting.delete(next);
      next();
    }
  };
  return {
    enter: (key, waitMs) => {
      const queue = queues.get(key) ?? { inside: 0, waiting: new Set() };
      queues.set(key, queue);
      const leaveOnce = once(() => leave(key, queue));
      if (queue.inside < options.insideMax) {
        queue.inside += 1;
        return Promise.resolve(leaveOnce);
      }
      return new Promise((resolve) => {
        let timer: NodeJS.Timeout | undefined;
        const begin = (): void => {
          clearTimeout(timer);
          resolve(leaveOnce);
        };
        queue.waiting.add(begin);
        if (waitMs === undefined) return;
        timer = setTimeout(() => {
          queue.waiting.delete(begin);
          resolve(undefined);
        }, waitMs);
      });
    },
  };
}

function once(work: () => void): () => void {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    work();
  };
}
