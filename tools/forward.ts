/**
 * A port of loopback whose connections are handed on to other ports: a balancer in front of several
 * processes, or an address that stays when what is behind it moves.
 */
import net from 'node:net';

export interface Forwarder {
  readonly port: number;
  /** Ends the connections that were handed to this port: whoever holds one must connect again. */
  readonly cut: (port: number) => void;
  readonly close: () => Promise<void>;
}

/** `next`: the port for a new connection; undefined = there is none, and it is closed. */
export async function openForwarder(next: () => number | undefined): Promise<Forwarder> {
  const open = new Map<net.Socket, number>();
  const server = net.createServer((incoming) => {
    const to = next();
    if (to === undefined) {
      incoming.destroy();
      return;
    }
    const outgoing = net.connect(to, '127.0.0.1');
    for (const [socket, other] of [
      [incoming, outgoing],
      [outgoing, incoming],
    ] as const) {
      open.set(socket, to);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        open.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  });
  const cut = (port: number): void => {
    for (const [socket, to] of open) if (to === port) socket.destroy();
  };
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as net.AddressInfo).port));
  });
  return {
    port,
    cut,
    close: () =>
      new Promise((resolve) => {
        for (const socket of open.keys()) socket.destroy();
        server.close(() => resolve());
      }),
  };
}
