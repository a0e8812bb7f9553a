/**
 * The platform as compose.ts wires it, on an empty PGlite and without a city: for what the HTTP
 * layer does alone (limits, addresses, headers, the log). Two marketplaces, each with a key.
 */

import { randomBytes } from 'node:crypto';
import { KEY_VERSION } from '../../src/cli/demo-marketplaces.ts';
import { type ComposedPlatform, type ComposeOptions, compose } from '../../src/compose.ts';
import type { Db } from '../../src/database/db.ts';
import { hashKey } from '../../src/flows/key/authenticate.ts';
import { must } from '../../src/kernel/assert.ts';
import { type Id, shardOf } from '../../src/kernel/id.ts';
import { keyRingOf } from '../../src/runtime/key-ring.ts';
import { createLog } from '../../src/runtime/log.ts';
import { oneCell } from '../../src/store/cells.ts';
import { addKey } from '../../src/store/key/api-keys.ts';
import { addMarketplace } from '../../src/store/merchant/marketplaces.ts';
import { addMerchant } from '../../src/store/merchant/merchants.ts';
import { testNote } from './audit-note.ts';
import { openMigratedPglite } from './migrated-pglite.ts';

export interface EdgeTenant {
  readonly id: Id<'marketplace'>;
  readonly key: string;
  readonly keyId: Id<'api_key'>;
  readonly merchant: Id<'merchant'>;
}

export interface EdgePlatform {
  readonly composed: ComposedPlatform;
  readonly taobao: EdgeTenant;
  readonly tmall: EdgeTenant;
  /** Statements that were read, by name. */
  readonly reads: Map<string, number>;
  /** Every line of the log. */
  readonly lines: () => readonly Readonly<Record<string, unknown>>[];
  readonly addKey: (tenant: EdgeTenant, scopes: readonly string[]) => Promise<string>;
  readonly close: () => Promise<void>;
}

/** One for all in this process: a database opens under the keys that it was made with. */
const RING = keyRingOf(randomBytes(32));

/** A database for several of them, one after the other or together: the caller closes it. */
export function openEdgeHome(): Promise<Db> {
  return openMigratedPglite();
}

export async function openEdgePlatform({
  db: own,
  ...options
}: Partial<ComposeOptions> & { readonly db: Db }): Promise<EdgePlatform> {
  const reads = new Map<string, number>();
  const db = counted(own, reads);
  const logged: string[] = [];
  const composed = await compose({
    keyRing: RING,
    publicUrl: 'http://127.0.0.1:4000',
    log: createLog({ level: 'debug', destination: { write: (line) => void logged.push(line) } }),
    webhookAllow: ['127.0.0.0/8', '::1', 'localhost'],
    onFenced: () => logged.push('{"msg":"fenced"}'),
    ...options,
    cells: oneCell(db),
  });
  return {
    composed,
    reads,
    taobao: await openTenant(composed, 'taobao'),
    tmall: await openTenant(composed, 'tmall'),
    lines: () => logged.map((line) => JSON.parse(line) as Record<string, unknown>),
    addKey: async (tenant, scopes) => (await keyOf(composed, tenant.id, scopes)).key,
    close: () => composed.stop(),
  };
}

function counted(db: Db, reads: Map<string, number>): Db {
  return {
    kind: db.kind,
    laneCount: db.laneCount,
    transaction: (lane, work) => db.transaction(lane, work),
    background: (work) => db.background(work),
    read: (statement, values) => {
      reads.set(statement.name, (reads.get(statement.name) ?? 0) + 1);
      return db.read(statement, values);
    },
    script: (text) => db.script(text),
    // It is the caller's.
    close: async () => undefined,
  };
}

async function openTenant(composed: ComposedPlatform, name: string): Promise<EdgeTenant> {
  const { db, ids } = composed.platform;
  const createdAtMs = Date.now();
  const made = await addMarketplace(db, {
    id: ids.next('marketplace', shardOf(name)),
    name,
    displayName: name,
    createdAtMs,
  });
  const { id } = must(made, 'the marketplace');
  const merchant = ids.next('merchant', shardOf(id, 'shop'));
  await addMerchant(db, {
    id: merchant,
    marketplace: id,
    name: 'Shop',
    externalId: null,
    createdAtMs,
  });
  return { id, merchant, ...(await keyOf(composed, id, ['*'])) };
}

async function keyOf(
  composed: ComposedPlatform,
  marketplace: Id<'marketplace'>,
  scopes: readonly string[],
): Promise<{ readonly key: string; readonly keyId: Id<'api_key'> }> {
  const { db, ids } = composed.platform;
  const key = `sk_test_${randomBytes(20).toString('hex')}`;
  const keyId = ids.next('api_key', shardOf(marketplace));
  const hint = key.slice(0, 12);
  const createdAtMs = Date.now();
  const row = { id: keyId, marketplace, scopes, version: KEY_VERSION, hash: hashKey(key), hint };
  await addKey(db, { ...row, createdAtMs }, testNote(marketplace));
  return { key, keyId };
}
