/**
 * Whether a port can be listened on, asked before anything is started, with the setting that
 * changes it. A probe only: another process may take the port a moment later.
 */
import net from 'node:net';
import type { Settings } from './settings.ts';

export interface WantedPort {
  readonly name: string;
  readonly port: number;
  readonly host: string;
  readonly variable: string;
}

/** The three of the demo; only the platform listens elsewhere than on loopback. */
export function demoPorts(settings: Settings): readonly WantedPort[] {
  const { host, port, sandboxPort, bazaarPort } = settings;
  const loopback = '127.0.0.1';
  return [
    { name: 'platform', port, host, variable: 'HUTONG_PORT' },
    { name: 'sandbox', port: sandboxPort, host: loopback, variable: 'HUTONG_SANDBOX_PORT' },
    { name: 'bazaar', port: bazaarPort, host: loopback, variable: 'HUTONG_BAZAAR_PORT' },
  ];
}

/** Why it cannot be listened on, with what to do; null where it can. */
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

/** Null where each port is free and none is wanted twice. */
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
