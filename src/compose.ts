/**
 * Wires the platform: database, engine, flows, sweeps, HTTP. The only place that knows every part;
 * it decides nothing. What it opens it closes again in reverse order, draining first.
 */
import type { FastifyInstance, FastifyPluginAsync } from 'fastify';
import { cashierPlugin } from './cashier/plugin.ts';
import type { Db } from './database/db.ts';
import { statesOf } from './engine/batch.ts';
import { type CellRouter, type CellRuntime, createCellRouter } from './engine/cell-router.ts';
import type { AnyCommand } from './engine/command.ts';
import { createSweeper, type Sweeper } from './engine/due.ts';
import { createIdSource } from './engine/ids.ts';
import { leaseProcess, type ProcessLease } from './engine/process-lease.ts';
import { createEngine, type EngineListener } from './engine/submit.ts';
import { startSealing } from './flows/audit/audit-log.ts';
import { createChangeHub } from './flows/base/change-hub.ts';
import { createDirectory } from './flows/base/directory.ts';
import type { Platform } from './flows/base/platform.ts';
import { startRetention } from './flows/base/retention.ts';
import { describe } from './flows/base/wallet-call.ts';
import { createWalletHealth } from './flows/base/wallet-health.ts';
import { startErasing } from './flows/buyer/data.ts';
import { createCellWatch } from './flows/cell/watch.ts';
import { type Envelope, openEnvelope, walletSecretPlace } from './flows/key/envelope.ts';
import { createKeyUses, startWritingUses } from './flows/key/key-uses.ts';
import { createRefusals, startSharingRefusals } from './flows/key/refusals.ts';
import { type KeyWatch, watchKeys } from './flows/key/watch-keys.ts';
import { createCartMerchants } from './flows/payment/cart-merchants.ts';
import { createNotificationGuard } from './flows/payment/notification-guard.ts';
import { createOwnPayments } from './flows/payment/own-payments.ts';
import { dueKinds } from './flows/sweeps.ts';
import { bindVerbs, type UseCases } from './flows/verbs.ts';
import {
  createCredentialRefusals,
  startWritingRefusals,
} from './flows/wallet/credential-refusals.ts';
import { identifyConfigs } from './flows/wallet/identities.ts';
import { createWebhookQueue, type WebhookQueue } from './flows/webhook/deliver.ts';
import { startCopyingEndpoints } from './flows/webhook/endpoint-copies.ts';
import type { ServerConfig, ServerDeps } from './http/deps.ts';
import { buildPrivateServer, buildServer } from './http/server.ts';
import { assert, must } from './kernel/assert.ts';
import { type Chore, startChore } from './runtime/chore.ts';
import { type Clock, wallClock } from './runtime/clock.ts';
import { createHttpClient } from './runtime/http-client.ts';
import type { KeyRing } from './runtime/key-ring.ts';
import type { Log } from './runtime/log.ts';
import { createMetrics } from './runtime/metrics.ts';
import { systemRandom } from './runtime/random.ts';
import { createResolver } from './runtime/resolver.ts';
import { AGGREGATES } from './store/aggregates.ts';
import type { CellAddress } from './store/cell/map.ts';
import { type Cell, type Cells, HOME_CELL } from './store/cells.ts';
import { forgetMerchantChanges } from './store/merchant/merchant-changes.ts';
import { PAYMENT } from './store/payment/aggregate.ts';
import { countUnknownAttempts } from './store/payment/due.ts';
import { readConfigsOf, readMerchantsOf } from './store/payment/own-payments.ts';
import { readMoved } from './store/payment/queries.ts';
import { parseAllowList } from './webhooks/url-guard.ts';

export interface ComposeOptions {
  /** Already migrated, and ours to close when the platform stops. */
  readonly cells: Cells;
  /** Connects to a cell that is added later, and migrates it. */
  readonly connectCell?: (address: CellAddress) => Promise<Cell>;
  readonly keyRing: KeyRing;
  /** Our public base URL for wallets and buyers, without a trailing slash. */
  readonly publicUrl: string;
  readonly log: Log;
  /** Business time; wall time unless a demo follows the city's clock. */
  readonly clock?: Clock;
  /** The machine's clock, compared with the database's; never moved by hand. */
  readonly wall?: Clock;
  /** Hosts, addresses and ranges that webhooks may reach although they are not public. */
  readonly webhookAllow: readonly string[];
  /** Name servers for webhooks' hosts; default: the system's. */
  readonly dnsServers?: readonly string[];
  readonly rateLimit?: ServerConfig['rateLimit'];
  readonly trustedProxies?: ServerConfig['trustedProxies'];
  readonly connections?: ServerConfig['connections'];
  readonly hasPrivateServer?: boolean;
  /** Days after which buyers are erased from payments and events; null = never automatically. */
  readonly buyerRetentionDays?: number | null;
  /** Days after which events, deliveries and notifications are dropped; null = never. */
  readonly eventRetentionDays?: number | null;
  /** The lease was lost or the database has fenced us: this process must exit. */
  readonly onFenced: () => void;
  readonly onCommands?: (lane: number, commands: readonly AnyCommand[]) => void;
}

export interface ComposedPlatform {
  readonly platform: Platform;
  readonly useCases: UseCases;
  readonly server: FastifyInstance;
  /** For operators, if enabled. */
  readonly privateServer: FastifyInstance | null;
  readonly sweeper: Sweeper;
  readonly webhookQueue: WebhookQueue;
  readonly lease: ProcessLease;
  /** Does all that is due at the current business time; returns when the next work is due. */
  readonly settle: () => Promise<number | null>;
  /** Accepts no more, finishes what was accepted, closes. */
  readonly stop: () => Promise<void>;
}

export async function compose(options: ComposeOptions): Promise<ComposedPlatform> {
  const { cells, log } = options;
  const lease = await leaseNumber(options, cells.home);
  const { envelope, keys } = await openKeys(options, lease);
  const metrics = createMetrics({ processMetrics: true });
  const clock = options.clock ?? wallClock;
  const parts = openParts(options, envelope);
  const changes = createChangeHub((seen) => readMoved(cells, seen));
  const watch = createCellWatch({
    cells,
    log,
    connect: options.connectCell ?? neverAdded,
    begin: async (cell) => begin(cell, await leaseNumber(options, cell.db, lease.holder)),
  });
  const router = createCellRouter(cells, watch.refresh);
  const platform: Platform = {
    db: cells.home,
    cells,
    engine: router.engine,
    ids: router.ids,
    changes,
    clock,
    log,
    metrics,
    share: lease.share,
    wakeSweeper: router.sweeper.wake,
    wall: wallClock,
    random: systemRandom,
    publicUrl: options.publicUrl,
    ...parts,
  };
  const webhookQueue = createWebhookQueue(platform);
  const begin = (cell: Cell, own: ProcessLease): void =>
    router.add(cell, runIn(cell, own, { platform, webhookQueue, options, again: router.again }));
  try {
    for (const cell of cells.everywhere)
      begin(
        cell,
        cell.db === cells.home ? lease : await leaseNumber(options, cell.db, lease.holder),
      );
  } catch (error) {
    await router.release();
    throw error;
  }
  const useCases = bindVerbs(platform);
  const servers = await openServers(options, platform, useCases);
  const { sweeper, engine } = router;
  const opened = { platform, useCases, ...servers, sweeper, webhookQueue, lease };
  const chores = await startChores(platform, options);
  const watching = watch.start();
  return {
    ...opened,
    settle: () => settle(opened),
    stop: async () => {
      await watching.stop();
      await chores.stop();
      await keys.stop();
      await servers.server.close();
      await servers.privateServer?.close();
      await sweeper.stop();
      await webhookQueue.idle();
      await engine.drain();
      await router.release();
      parts.http.close();
      parts.walletHttp.close();
      await cells.close();
    },
  };
}

function neverAdded({ name }: CellAddress): Promise<Cell> {
  return Promise.reject(new Error(`this process cannot connect to the cell ${name}`));
}

interface Around {
  readonly platform: Platform;
  readonly webhookQueue: WebhookQueue;
  readonly options: ComposeOptions;
  readonly again: CellRouter['again'];
}

/** What this process runs in one cell: ids under its number there, an engine, a sweeper. */
function runIn(
  { name, db }: Cell,
  lease: ProcessLease,
  { platform, webhookQueue, options, again }: Around,
): CellRuntime {
  const { cells, clock, changes, metrics, log } = platform;
  const ids = createIdSource(lease.number, wallClock);
  const engine = createEngine({
    db,
    aggregates: AGGREGATES,
    clock,
    wall: wallClock,
    ids,
    lease,
    epoch: () => must(cells.map.epochs.get(name), `the epoch of ${name}`),
    owns: (shard) => cells.of(shard) === db && !cells.map.moving.has(shard),
    onMoved: again,
    listener: {
      ...engineReports(options),
      onBatch: (lane, commands, ms) => {
        metrics.batch({ commands, ms });
        metrics.laneQueue(name === HOME_CELL ? `${lane}` : `${name}/${lane}`, engine.queueDepth());
      },
      onChanged: (changed) => changes.announce(statesOf(changed, PAYMENT) ?? []),
      onDue: () => sweeper.wake(),
      onOwed: (owed, events) => webhookQueue.dispatch(owed, events),
    },
  });
  const sweeper = createSweeper({
    db,
    clock,
    share: lease.share,
    kinds: dueKinds(platform, webhookQueue),
    owns: (shard) => cells.of(shard) === db,
    onError: (error) => log.error({ cell: name, defect: describe(error) }, 'a sweep failed'),
  });
  return { lease, ids, engine, sweeper };
}

function leaseNumber(
  { cells, log, wall, onFenced }: ComposeOptions,
  db: Db,
  holder?: string,
): Promise<ProcessLease> {
  return leaseProcess(db, systemRandom, onFenced, {
    ...(wall === undefined ? {} : { wall }),
    ...(holder === undefined ? {} : { holder }),
    mapVersion: () => cells.map.version,
    onSkew: (isSkewed) => {
      if (isSkewed) log.error({}, 'the wall clock is over 5 s off: no sweeps until it is set');
      else log.info({}, 'the wall clock is right again: sweeping');
    },
  });
}

/** Defects of the engine and a lost lease, logged for operators. */
function engineReports({ log, onFenced, onCommands }: ComposeOptions): EngineListener {
  return {
    onDefect: (command, error) => {
      const defect = describe(error);
      log.error({ command: command.name, defect }, 'a command failed by a defect');
    },
    onFenced,
    ...(onCommands === undefined ? {} : { onCommands }),
  };
}

async function openKeys(
  { cells, log, keyRing: ring }: ComposeOptions,
  lease: ProcessLease,
): Promise<{ readonly envelope: Envelope; readonly keys: KeyWatch }> {
  const db = cells.home;
  const seams = { db, wall: wallClock, random: systemRandom };
  try {
    const opened = await openEnvelope({ ...seams, ring });
    if (!opened.ok) throw new Error(opened.error);
    const { value: envelope } = opened;
    const keys = await watchKeys({ ...seams, envelope, lease, log });
    await identifyConfigs({
      db,
      open: (row) => envelope.open(row.sealed, walletSecretPlace(row, row.wallet)),
      onKnown: ({ id }, identity) =>
        log.info({ wallet_config: id, identity }, 'its identity is kept'),
      onUnknown: ({ id, wallet }, problem) => log.error({ wallet_config: id, wallet }, problem),
    });
    return { envelope, keys };
  } catch (error) {
    // A lease without reported keys would block a rotation until it expires.
    await lease.release();
    throw error;
  }
}

function openParts(options: ComposeOptions, envelope: Envelope) {
  const { cells, log } = options;
  const allowed = parseAllowList(options.webhookAllow);
  assert(allowed.ok, allowed.ok ? '' : allowed.error);
  const resolver = createResolver({
    wall: wallClock,
    localNames: allowed.value.allowedHosts,
    ...(options.dnsServers === undefined ? {} : { servers: options.dnsServers }),
  });
  const walletHttp = createHttpClient();
  const walletSeams = {
    http: walletHttp,
    clock: options.clock ?? wallClock,
    wall: wallClock,
    random: systemRandom,
  };
  return {
    envelope,
    urlPolicy: { resolver, ...allowed.value },
    http: createHttpClient(),
    walletHttp,
    health: createWalletHealth(wallClock),
    keyUses: createKeyUses(wallClock),
    refusals: createRefusals(wallClock),
    credentialRefusals: createCredentialRefusals(wallClock),
    notificationGuard: createNotificationGuard(
      wallClock,
      createOwnPayments(wallClock, (intents) => readConfigsOf(cells, intents)),
    ),
    directory: createDirectory({ db: cells.home, envelope, wall: wallClock, walletSeams, log }),
    cartMerchants: createCartMerchants((intents) => readMerchantsOf(cells, intents)),
  };
}

/** The public server and, if enabled, the operators' own. */
async function openServers(
  options: ComposeOptions,
  platform: Platform,
  useCases: UseCases,
): Promise<Pick<ComposedPlatform, 'server' | 'privateServer'>> {
  const { publicUrl, rateLimit, trustedProxies, connections, hasPrivateServer } = options;
  const plugins: FastifyPluginAsync[] = [
    cashierPlugin({ useCases, config: { publicUrl }, clock: platform.clock }),
  ];
  const deps: ServerDeps = {
    useCases,
    log: options.log,
    metrics: platform.metrics,
    refusals: platform.refusals,
    wall: wallClock,
    config: {
      publicUrl,
      ...(rateLimit === undefined ? {} : { rateLimit }),
      ...(trustedProxies === undefined ? {} : { trustedProxies }),
      ...(connections === undefined ? {} : { connections }),
      ...(hasPrivateServer === undefined ? {} : { hasPrivateServer }),
    },
  };
  return {
    server: await buildServer({ ...deps, plugins }),
    privateServer: hasPrivateServer === true ? await buildPrivateServer(deps) : null,
  };
}

const GAUGE_EVERY_MS = 15_000;

/** Periodic housekeeping (not request- or row-driven). */
async function startChores(
  platform: Platform,
  { buyerRetentionDays = null, eventRetentionDays = null }: ComposeOptions,
): Promise<Chore> {
  const chores = [
    await startRetention(platform, eventRetentionDays),
    await startCopyingEndpoints(platform),
    startChore(FORGET_EVERY_MS, () => forgetOldChanges(platform)),
    startChore(GAUGE_EVERY_MS, () => gaugeUnknown(platform)),
    startSealing(platform),
    startWritingUses(platform),
    startWritingRefusals(platform),
    startSharingRefusals(platform),
    startErasing(platform, buyerRetentionDays),
  ];
  return {
    stop: async () => {
      await Promise.all(chores.map((chore) => chore.stop()));
    },
  };
}

/** The number of attempts with unknown outcome: the metric that operators alert on. */
async function gaugeUnknown({ cells, metrics }: Platform): Promise<void> {
  const count = await countUnknownAttempts(cells).catch(() => undefined);
  if (count !== undefined) metrics.unknownAttempts(count);
}

const FORGET_EVERY_MS = 3_600_000;

/** Whichever process comes first. */
async function forgetOldChanges({ db, log }: Platform): Promise<void> {
  await forgetMerchantChanges(db).catch((error: unknown) =>
    log.warn({ defect: describe(error) }, 'old changes of merchants were not forgotten'),
  );
}

const SETTLE_ROUNDS_MAX = 100;

/** Due work creates deliveries, and deliveries create due work: repeats until both are done. */
async function settle(opened: {
  readonly sweeper: Sweeper;
  readonly webhookQueue: WebhookQueue;
  readonly platform: Platform;
}): Promise<number | null> {
  const { sweeper, webhookQueue, platform } = opened;
  for (let round = 0; round < SETTLE_ROUNDS_MAX; round += 1) {
    const nextMs = await sweeper.settle();
    await webhookQueue.idle();
    if (platform.engine.queueDepth() === 0 && nextMs === (await sweeper.settle())) return nextMs;
  }
  return platform.clock.nowMs() + 1_000;
}
