/**
 * Runs jobs at once, up to a maximum in parallel per lane; further jobs of a lane wait in order.
 * Lanes do not wait for each other, and an empty lane is removed.
 */
export interface Lanes {
  readonly run: (lane: string, job: () => Promise<void>) => void;
  /** Resolves when no job runs or waits. */
  readonly idle: () => Promise<void>;
}

interface Lane {
  active: number;
  readonly waiting: (() => Promise<void>)[];
}

export function createLanes(activeMax: number): Lanes {
  const lanes = new Map<string, Lane>();
  let idlers: (() => void)[] = [];

  const start = (name: string, lane: Lane, job: () => Promise<void>) => {
    lane.active += 1;
    void job().finally(() => {
      lane.active -= 1;
      const next = lane.waiting.shift();
      if (next !== undefined) start(name, lane, next);
      else if (lane.active === 0) lanes.delete(name);
      if (lanes.size > 0) return;
      const done = idlers;
      idlers = [];
      for (const resolve of done) resolve();
    });
  };
  return {
    run: (name, job) => {
      const lane = lanes.get(name) ?? { active: 0, waiting: [] };
      lanes.set(name, lane);
      if (lane.active < activeMax) start(name, lane, job);
      else lane.waiting.push(job);
    },
    idle: () =>
      lanes.size === 0 ? Promise.resolve() : new Promise((resolve) => idlers.push(resolve)),
  };
}
