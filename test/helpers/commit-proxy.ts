/**
 * A line to a PostgreSQL server that can be cut around COMMIT: `before` the server receives it, or
 * `after`, when only the answer is lost.
 */
import net from 'node:net';

/** In whatever asks the server to commit: the name of the prepared statement. */
export const ASKS_TO_COMMIT = 'transaction.commit\0';

export type Moment = 'before' | 'after';

export interface CommitProxy {
  readonly url: string;
  /** Cuts at the next COMMIT not spoken for; `meanwhile` is done before the line returns. */
  readonly cutAtCommit: (moment: Moment, meanwhile?: () => Promise<unknown>) => void;
  /** Cuts that were ordered and have not met a COMMIT yet are ordered no more. */
  readonly forgetCuts: () => void;
  readonly cuts: () => number;
  readonly close: () => Promise<void>;
}

export async function startCommitProxy(target: string): Promise<CommitProxy> {
  const upstream = new URL(target);
  const sockets = new Set<net.Socket>();
  const orders: { readonly moment: Moment; readonly meanwhile: () => Promise<unknown> }[] = [];
  let cuts = 0;
  let away: Promise<unknown> = Promise.resolve();
  const cut = (meanwhile: () => Promise<unknown>): void => {
    cuts += 1;
    away = meanwhile();
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  };
  const server = net.createServer((client) => {
    const database = net.connect(Number(upstream.port), upstream.hostname);
    let swallowing: (() => Promise<unknown>) | undefined;
    client.on('data', (chunk) => {
      void away.then(() => {
        const order = chunk.includes(ASKS_TO_COMMIT) ? orders.shift() : undefined;
        if (order?.moment === 'before') {
          cut(order.meanwhile);
          return;
        }
        swallowing = order?.meanwhile ?? swallowing;
        database.write(chunk);
      });
    });
    database.on('data', (chunk) => {
      // The statements before COMMIT are answered first; its own tag is what must not arrive.
      if (swallowing !== undefined && chunk.includes('COMMIT\0')) cut(swallowing);
      else client.write(chunk);
    });
    for (const socket of [client, database]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        database.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const url = new URL(target);
  url.port = String((server.address() as net.AddressInfo).port);
  return {
    url: url.href,
    cuts: () => cuts,
    forgetCuts: () => {
      orders.length = 0;
    },
    cutAtCommit: (moment, meanwhile = () => Promise.resolve()) => {
      orders.push({ moment, meanwhile });
    },
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}
