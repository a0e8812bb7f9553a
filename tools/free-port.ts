/**
 * A port of loopback that was free a moment ago: for a process that needs to know its own in
 * advance. Taken from below those that systems give to outgoing connections (Linux 32768, others
 * 49152), one of which could otherwise take it before it is listened on.
 */
import { randomInt } from 'node:crypto';
import net from 'node:net';

const LOWEST_PORT = 10_240;
const EPHEMERAL_PORT = 32_768;
const TRIES_MAX = 100;

export async function freePort(): Promise<number> {
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const port = randomInt(LOWEST_PORT, EPHEMERAL_PORT);
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port of loopback in ${TRIES_MAX} tries`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const probe = net.createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(false);
      else reject(error);
    });
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}
