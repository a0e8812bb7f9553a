/**
 * Checks whether a port is free before anything is started, and names the setting that changes it.
 * Only a probe: another process may take the port a moment later.
 */
import net from 'node:net';
import type { Settings } from './settings.ts';

export interface WantedPort {
  readonly name: string;
  readonly port: number;
  readonly host: string;
  readonly variable: string;
}

/** The demo's three; only the platform listens on more than loopback. */
export function demoPorts(settings: Settings): readonly WantedPort[] {
  const { host, port, sandboxPort, bazaarPort } = settings;
  const loopback = '127.0.0.1';
  return [
    { name: 'platform', port, host, variable: 'HUTONG_PORT' },
    { name: 'sandbox', port: sandboxPort, host: loopback, variable: 'HUTONG_SANDBOX_PORT' },
    { name: 'bazaar', port: bazaarPort, host: loopback, variable: 'HUTONG_BAZAAR_PORT' },
  ];
}

/** Why it cannot be listened on, with the remedy; null if it can. */
export function portProblem({ port, host, variable }: WantedPort): Promise<string | null> {
  return new Promise((resolve) => {
    const probe = net.createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(problem(error.code)));
    probe.listen(port, host, () => probe.close(() => resolve(null)));
  });

  function problem(code: string | undefined): string {
    if (code === 'EADDRINUSE')
      return `port ${port} is in use; stop what holds it or set ${variable}`;
    if (code === 'EACCES') return `port ${port} may not be opened by this user; set ${variable}`;
    return `this machine cannot listen on ${host} (${code}); set HUTONG_HOST to an address of its own`;
  }
}

/** Null if every port is free and none is used twice. */
export async function firstPortProblem(wanted: readonly WantedPort[]): Promise<string | null> {
  for (const [index, one] of wanted.entries()) {
    const same = wanted.slice(0, index).find(({ port }) => port !== 0 && port === one.port);
    if (same !== undefined)
      return `${same.variable} and ${one.variable} are both ${one.port}; set one of them otherwise`;
    const found = await portProblem(one);
    if (found !== null) return `the ${one.name}: ${found}`;
  }
  return null;
}
