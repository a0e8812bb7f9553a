/** What the benchmark needs to know of a peer, and how one is seeded and served. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { promisify } from 'node:util';
import { startChild } from '../../src/cli/child.ts';
import { freePort } from '../../tools/free-port.ts';
import type { Work } from '../../tools/load.ts';
import type { Json, LoadClient } from '../../tools/load-client.ts';
import { NODE_FLAGS } from '../node-flags.ts';
import { query } from '../server-facts.ts';

export type PeerName = 'vendure' | 'medusa';

export interface Peer {
  readonly name: PeerName;
  /** The package whose version is the peer's. */
  readonly package: string;
  /** Ours / the peer's, in checkouts a second. */
  readonly must: number;
  readonly aim: number;
  readonly script: string;
  /** Besides DATABASE_URL, PORT and PEER_SECRET. */
  readonly env: Readonly<Record<string, string>>;
  /** One paid checkout through the peer's own store API; `seeded` is what its script printed. */
  readonly createCheckout: (client: LoadClient, url: string, seeded: Json) => Work;
  /** Selects `paid`: the orders that the peer's own tables call paid. */
  readonly paidSql: string;
}

export interface ServedPeer {
  readonly pid: number;
  readonly checkout: Work;
  readonly paid: () => Promise<number>;
  readonly stop: () => Promise<void>;
}

const SEED_TIMEOUT_MS = 5 * 60_000;
const START_TIMEOUT_MS = 2 * 60_000;
const PRINTED_BYTES_MAX = 1e7;

/** `folder` is where the peer is installed. */
export async function servePeer(
  peer: Peer,
  options: { readonly folder: string; readonly databaseUrl: string; readonly client: LoadClient },
): Promise<ServedPeer> {
  const { folder, databaseUrl, client } = options;
  const port = await freePort();
  const script = path.join(folder, peer.script);
  const env = {
    NODE_ENV: 'production',
    DATABASE_URL: databaseUrl,
    PORT: String(port),
    PEER_SECRET: randomBytes(24).toString('hex'),
    ...peer.env,
  };
  const seeded = await seedPeer(peer, script, env);
  const child = await startChild({
    name: peer.name,
    args: [...NODE_FLAGS, script, 'serve'],
    env,
    readyText: 'ready at',
    timeoutMs: START_TIMEOUT_MS,
  });
  return {
    pid: child.process.pid ?? 0,
    checkout: peer.createCheckout(client, `http://127.0.0.1:${port}`, seeded),
    paid: async () => Number((await query(databaseUrl, peer.paidSql))[0]?.paid),
    stop: child.stop,
  };
}

/** Its last line is JSON: what a storefront would know of the shop. */
async function seedPeer(peer: Peer, script: string, env: Record<string, string>): Promise<Json> {
  const { stdout } = await promisify(execFile)(process.execPath, [script, 'seed'], {
    env: { ...process.env, ...env },
    timeout: SEED_TIMEOUT_MS,
    maxBuffer: PRINTED_BYTES_MAX,
  });
  const last = stdout.trim().split('\n').at(-1) ?? '';
  try {
    return JSON.parse(last) as Json;
  } catch {
    throw new Error(`${peer.name} was not seeded:\n${stdout.slice(-2_000)}`);
  }
}
