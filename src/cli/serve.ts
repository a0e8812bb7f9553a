/** The platform alone, as run in production, and as the demo runs it inside its own process. */
import { type ComposedPlatform, compose } from '../compose.ts';
import { PGLITE_BANNER } from '../database/pglite.ts';
import type { Clock } from '../runtime/clock.ts';
import type { KeyRing } from '../runtime/key-ring.ts';
import { createLog } from '../runtime/log.ts';
import { runnerInside } from './admin-program.ts';
import { serveAdmin } from './admin-socket.ts';
import { connectCell, laneShare, openCells } from './open-database.ts';
import type { Settings } from './settings.ts';

export interface ServeOptions {
  readonly settings: Settings;
  readonly keyRing: KeyRing;
  readonly print: (line: string) => void;
  readonly clock?: Clock;
}

export interface Serving {
  readonly composed: ComposedPlatform;
  readonly url: string;
}

export async function serve(options: ServeOptions): Promise<Serving> {
  const { settings, print } = options;
  const log = createLog({ level: settings.logLevel });
  const cells = await openCells(settings, print);
  const { kind } = cells.home;
  if (kind === 'pglite') print(`database    ${PGLITE_BANNER}; DATABASE_URL chooses PostgreSQL`);
  const composed = await compose({
    cells,
    connectCell: (address) => {
      const lanes = laneShare(settings.lanes, cells.everywhere.length + 1);
      return connectCell({ ...settings, lanes }, address, print);
    },
    log,
    keyRing: options.keyRing,
    publicUrl: settings.publicUrl,
    webhookAllow: settings.webhookAllow,
    buyerRetentionDays: settings.buyerRetentionDays,
    eventRetentionDays: settings.eventRetentionDays,
    ...(settings.dnsServers === null ? {} : { dnsServers: settings.dnsServers }),
    trustedProxies: settings.trustedProxies,
    connections: { max: settings.connectionsMax },
    hasPrivateServer: settings.privatePort !== null,
    ...(settings.hasRateLimit ? {} : { rateLimit: null }),
    ...(options.clock === undefined ? {} : { clock: options.clock }),
    onFenced: () => {
      log.fatal('another process holds our number: exiting');
      process.exit(70);
    },
  });
  await composed.server.listen({ port: settings.port, host: settings.host });
  if (composed.privateServer !== null && settings.privatePort !== null) {
    await composed.privateServer.listen({
      port: settings.privatePort,
      host: settings.privateHost,
    });
  }
  composed.sweeper.start();
  if (kind !== 'pglite') return { composed, url: settings.publicUrl };
  const admin = await openAdmin(composed, settings);
  const stop = async (): Promise<void> => {
    await admin.close();
    await composed.stop();
  };
  return { composed: { ...composed, stop }, url: settings.publicUrl };
}

/** No other process can open this data folder: operators' commands are executed here. */
function openAdmin(
  { platform, lease }: ComposedPlatform,
  settings: Settings,
): Promise<{ readonly close: () => Promise<void> }> {
  const { db, cells, ids, clock, directory } = platform;
  const inside = { db, cells, ids, lease, settings, nowMs: () => clock.nowMs() };
  return serveAdmin(
    settings.dir,
    runnerInside(inside, () => directory.forget()),
  );
}
