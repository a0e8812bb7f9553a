/**
 * What is attacked: the platform as compose.ts wires it, with two tenants, over the sandbox city's
 * gateways. PGlite in memory unless DATABASE_URL names a server; real HTTP for the city, `inject`
 * for the platform's own routes (what only a socket can do is in test/http).
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ACCOUNT_REQUESTS } from '../../sandbox/account-requests.ts';
import { openCity } from '../../sandbox/city.ts';
import { GATEWAY_MAKERS } from '../../sandbox/gateways/all.ts';
import { type SandboxCredentials, seedMarketplaces } from '../../src/cli/demo-marketplaces.ts';
import { type ComposedPlatform, type ComposeOptions, compose } from '../../src/compose.ts';
import type { Db } from '../../src/database/db.ts';
import { migrate } from '../../src/database/migrate.ts';
import { openPostgres } from '../../src/database/postgres.ts';
import type { Id } from '../../src/kernel/id.ts';
import type { WalletName } from '../../src/kernel/wallet-names.ts';
import { keyRingOf } from '../../src/runtime/key-ring.ts';
import { createLog } from '../../src/runtime/log.ts';
import { oneCell } from '../../src/store/cells.ts';
import { readConfigs } from '../../src/store/wallet/configs.ts';
import { pooledKeyPair } from '../helpers/key-pool.ts';
import { openMigratedPglite } from '../helpers/migrated-pglite.ts';

export interface Tenant {
  readonly key: string;
  readonly merchants: readonly string[];
}

export interface Stage {
  readonly composed: ComposedPlatform;
  readonly cityUrl: string;
  readonly taobao: Tenant;
  readonly tmall: Tenant;
  readonly configs: readonly { readonly id: Id<'wallet_config'>; readonly wallet: WalletName }[];
  /** The platform's error lines: a hostile request must not cause one. */
  readonly defects: string[];
  readonly close: () => Promise<void>;
}

/** `overrides`: limits, proxies, name servers, another log. */
export async function openStage(overrides: Partial<ComposeOptions> = {}): Promise<Stage> {
  const dir = mkdtempSync(join(tmpdir(), 'hutong-hostile-'));
  const city = await openCity({
    newKeyPair: pooledKeyPair,
    dir,
    host: '127.0.0.1',
    port: 0,
    allowLocalCallbacks: true,
    controlToken: null,
    makers: GATEWAY_MAKERS,
    log: () => undefined,
  });
  const db = await openDb();
  const defects: string[] = [];
  const composed = await compose({
    cells: oneCell(db),
    keyRing: keyRingOf(randomBytes(32)),
    publicUrl: 'http://127.0.0.1:4000',
    log: createLog({ level: 'error', destination: { write: (line) => void defects.push(line) } }),
    webhookAllow: ['127.0.0.0/8'],
    rateLimit: null,
    onFenced: () => defects.push('fenced'),
    ...overrides,
  });
  const accounts = await city.openAccounts(
    ACCOUNT_REQUESTS.filter(({ label }) => label !== 'credentials'),
  );
  const marketplaces: Record<string, SandboxCredentials['marketplaces'][string]> = {};
  for (const [label, wallets] of accounts) marketplaces[label] = Object.fromEntries(wallets);
  const seeded = await seedMarketplaces(composed.platform, dir, {
    marketplaces,
    demo: { sandbox: { url: city.url }, credentials: {} },
  });
  const configs = (await readConfigs(db)).map(({ id, wallet }) => ({ id, wallet }));
  return {
    composed,
    cityUrl: city.url,
    configs,
    defects,
    taobao: tenant(seeded, 'taobao'),
    tmall: tenant(seeded, 'tmall'),
    close: async () => {
      await composed.stop();
      await city.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

function tenant(seeded: Awaited<ReturnType<typeof seedMarketplaces>>, name: string): Tenant {
  const found = seeded.get(name);
  if (found === undefined) throw new Error(`the city has no account for ${name}`);
  return { key: found.secretKey, merchants: found.merchants };
}

async function openDb(): Promise<Db> {
  const url = process.env.DATABASE_URL;
  if (url === undefined) return openMigratedPglite();
  const db = openPostgres({ url, lanes: 4 });
  await migrate(db, { print: () => undefined });
  return db;
}

/** Rows that come and go by themselves, whoever calls. */
const OWN_LIFE = new Set(['engine_lanes', 'process_leases', 'deliveries']);
/** Compared by content, so that a changed row counts as a written one. */
const BY_CONTENT = [
  'events',
  'ledger_transactions',
  'ledger_entries',
  'ledger_balances',
  'merchants',
  'notifications',
  'refunds',
  'webhook_endpoints',
  'payment_intents',
  'sub_orders',
];

/** A print of everything stored: the number of rows of every table, and the content of most. */
export async function printOf(db: Db): Promise<Readonly<Record<string, string>>> {
  const tables = await db.read(
    {
      name: 'hostile.tables',
      // Partitions are read as the table that they belong to.
      text: `select c.relname::text as name from pg_class c
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
          and not c.relispartition order by 1`,
    },
    [],
  );
  const print: Record<string, string> = {};
  for (const { name } of tables as readonly { readonly name: string }[]) {
    if (OWN_LIFE.has(name)) continue;
    // A released key is a note that nothing happened.
    const where = name === 'idempotency_keys' ? `where state <> 'released'` : '';
    const content = BY_CONTENT.includes(name)
      ? `md5(coalesce(string_agg(t::text, '|' order by t::text), ''))`
      : `''`;
    const [row] = await db.read(
      {
        name: `hostile.print.${name}`,
        text: `select count(*)::text || ' ' || ${content} as print from ${name} t ${where}`,
      },
      [],
    );
    print[name] = String(row?.print);
  }
  return print;
}
