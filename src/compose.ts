/**
 * Wires the platform: database, engine, flows, sweeps, HTTP. The only place that knows every part;
 * it decides nothing. What it opens it closes again in reverse order, draining first.
 */
import type { FastifyInstance, FastifyPluginAsync } from 'fastify';
import { cashierPlugin } from './cashier/plugin.ts';
import type { Db } from './database/db.ts';
import { statesOf } from './engine/batch.ts';
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
import type { ServerConfig, ServerDeps } from './http/deps.ts';
import { buildPrivateServer, buildServer } from './http/server.ts';
import { assert } from './kernel/assert.ts';
import { type Chore, startChore } from './runtime/chore.ts';
import { type Clock, wallClock } from './runtime/clock.ts';
import { createHttpClient } from './runtime/http-client.ts';
import type { KeyRing } from './runtime/key-ring.ts';
import type { Log } from './runtime/log.ts';
import { createMetrics } from './runtime/metrics.ts';
import { systemRandom } from './runtime/random.ts';
import { createResolver } from './runtime/resolver.ts';
import { AGGREGATES } from './store/aggregates.ts';
import { forgetMerchantChanges } from './store/merchant/merchant-changes.ts';
import { PAYMENT } from './store/payment/aggregate.ts';
import { countUnknownAttempts } from './store/payment/due.ts';
import { readConfigsOf, readMerchantsOf } from './store/payment/own-payments.ts';
import { readMoved } from './store/payment/queries.ts';
import { parseAllowList } from './webhooks/url-guard.ts';

export interface ComposeOptions {
  /** Already migrated, and ours to close when the platform stops. */
  readonly db: Db;
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
  const { db, log } = options;
  const lease = await leaseNumber(options);
  const { envelope, keys } = await openKeys(options, lease);
  const ids = createIdSource(lease.number, wallClock);
  const changes = createChangeHub((seen) => readMoved(db, seen));
  const metrics = createMetrics({ processMetrics: true });
  const clock = options.clock ?? wallClock;
  const parts = openParts(options, envelope);
  let webhookQueue: WebhookQueue | undefined;
  let sweeper: Sweeper | undefined;
  const engine = createEngine({
    db,
    aggregates: AGGREGATES,
    clock,
    wall: wallClock,
    ids,
    lease,
    listener: {
      ...engineReports(options),
      onBatch: (lane, commands, ms) => {
        metrics.batch({ commands, ms });
        metrics.laneQueue(lane, engine.queueDepth());
      },
      onChanged: (changed) => changes.announce(statesOf(changed, PAYMENT) ?? []),
      onDue: () => sweeper?.wake(),
      onOwed: (owed, events) => webhookQueue?.dispatch(owed, events),
    },
  });
  const platform: Platform = {
    db,
    engine,
    ids,
    changes,
    clock,
    log,
    metrics,
    share: lease.share,
    wakeSweeper: () => sweeper?.wake(),
    wall: wallClock,
    random: systemRandom,
    publicUrl: options.publicUrl,
    ...parts,
  };
  webhookQueue = createWebhookQueue(platform);
  sweeper = createSweeper({
    db,
    clock,
    share: lease.share,
    kinds: dueKinds(platform, webhookQueue),
    onError: (error) => log.error({ defect: describe(error) }, 'a sweep failed'),
  });
  const useCases = bindVerbs(platform);
  const servers = await openServers(options, platform, useCases);
  const opened = { platform, useCases, ...servers, sweeper, webhookQueue, lease };
  const chores = await startChores(platform, options);
  return {
    ...opened,
    settle: () => settle(opened),
    stop: async () => {
      await chores.stop();
      await keys.stop();
      await servers.server.close();
      await servers.privateServer?.close();
      await opened.sweeper.stop();
      await opened.webhookQueue.idle();
      await engine.drain();
      await lease.release();
      parts.http.close();
      parts.walletHttp.close();
      await db.close();
    },
  };
}

function leaseNumber({ db, log, wall, onFenced }: ComposeOptions): Promise<ProcessLease> {
  return leaseProcess(db, systemRandom, onFenced, {
    ...(wall === undefined ? {} : { wall }),
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
  { db, log, keyRing: ring }: ComposeOptions,
  lease: ProcessLease,
): Promise<{ readonly envelope: Envelope; readonly keys: KeyWatch }> {
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
  const { db, log } = options;
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
      createOwnPayments(wallClock, (intents) => readConfigsOf(db, intents)),
    ),
    directory: createDirectory({ db, envelope, wall: wallClock, walletSeams, log }),
    cartMerchants: createCartMerchants((intents) => readMerchantsOf(db, intents)),
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
async function gaugeUnknown({ db, metrics }: Platform): Promise<void> {
  const count = await countUnknownAttempts(db).catch(() => undefined);
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
