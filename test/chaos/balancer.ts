/**
 * A balancer as production has one before several platforms: it asks each for /readyz, hands
 * connections to those that answer in turn, and cuts those of one that does not answer any more.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { openForwarder } from '../../tools/forward.ts';

const ASK_EVERY_MS = 200;
const ANSWER_WITHIN_MS = 500;

export interface Balancer {
  readonly url: string;
  readonly add: (port: number) => void;
  readonly close: () => Promise<void>;
}

export async function openBalancer(): Promise<Balancer> {
  const healthy = new Map<number, boolean>();
  let turn = 0;
  let isClosed = false;
  const forwarder = await openForwarder(() => {
    const up = [...healthy].filter(([, isUp]) => isUp);
    turn += 1;
    return up[turn % up.length]?.[0];
  });
  const ask = async (port: number): Promise<void> => {
    const isUp = await isReady(port);
    if (!isUp && healthy.get(port) === true) forwarder.cut(port);
    healthy.set(port, isUp);
  };
  const asking = (async () => {
    while (!isClosed) {
      await Promise.all([...healthy.keys()].map(ask));
      await sleep(ASK_EVERY_MS);
    }
  })();
  return {
    url: `http://127.0.0.1:${forwarder.port}`,
    add: (port) => void healthy.set(port, true),
    close: async () => {
      isClosed = true;
      await asking;
      await forwarder.close();
    },
  };
}

async function isReady(port: number): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
    const answer = await fetch(`http://127.0.0.1:${port}/readyz`, { signal });
    await answer.body?.cancel();
    return answer.ok;
  } catch {
    return false;
  }
}
