/**
 * The data folders of earlier commits under test/fixtures/, packed: how they are unpacked, what is
 * recorded beside the data (`told.json`), and the API calls whose answers are compared.
 */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import zlib from 'node:zlib';
import { type Json, Marketplace } from '../helpers/api.ts';

/** The first one that others ran, and 0.2.0. */
export const COMMITS = ['b42034b', 'e218209'] as const;
export type OldCommit = (typeof COMMITS)[number];

export const fixtureOf = (commit: OldCommit): string =>
  fileURLToPath(new URL(`../fixtures/${commit}`, import.meta.url));

export const HOMES = ['pglite', 'postgres'] as const;
export type Home = (typeof HOMES)[number];

/** What the old demo said last. */
export interface Recorded {
  readonly commit: OldCommit;
  /** The city's time when it was stopped. */
  readonly cityNowMs: number;
  /** An intent with an attempt that waits for its buyer, and the QR code that it waits with. */
  readonly waiting: string;
  readonly waitingCode: unknown;
  /** An intent of two sellers without an attempt. */
  readonly fresh: string;
  readonly pendingRefund: string;
  readonly pendingRefundStatus: string;
  /** e218209: a payment in conflict, and the merchant with two accounts at WeChat Pay. */
  readonly conflicted?: string;
  readonly twoAccounts?: string;
  /** By marketplace, by path. */
  readonly answers: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

export interface DemoFile {
  readonly platform: { readonly url: string };
  readonly sandbox: { readonly url: string };
  readonly marketplaces: Readonly<
    Record<string, { readonly secret_key: string; readonly merchants: readonly string[] }>
  >;
}

/** A window as large as the data: PGlite's folder holds the same database three times. */
const WINDOW_BITS = 28;

export function pack(bytes: Buffer, file: string): number {
  const { constants } = zlib;
  const packed = zlib.brotliCompressSync(bytes, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: 11,
      [constants.BROTLI_PARAM_LARGE_WINDOW]: 1,
      [constants.BROTLI_PARAM_LGWIN]: WINDOW_BITS,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    },
  });
  fs.writeFileSync(file, packed);
  return packed.length;
}

export function unpack(commit: OldCommit, name: string): Buffer {
  return zlib.brotliDecompressSync(fs.readFileSync(path.join(fixtureOf(commit), name)), {
    params: { [zlib.constants.BROTLI_DECODER_PARAM_LARGE_WINDOW]: 1 },
  });
}

/**
 * Unpacks `home/` (a HUTONG_DIR), its recorded answers and, for PostgreSQL, its statements into
 * `folder`.
 */
export function unpackHome(commit: OldCommit, home: Home, folder: string): Recorded {
  execFileSync('tar', ['-C', folder, '--no-same-owner', '-xpf', '-'], {
    input: unpack(commit, `${home}.tar.br`),
  });
  return JSON.parse(fs.readFileSync(path.join(folder, 'told.json'), 'utf8')) as Recorded;
}

const PAGED = ['/v1/payment_intents', '/v1/merchants', '/v1/events', '/v1/ledger/transactions'];
const WHOLE = ['/v1/interconnects', '/v1/ledger/accounts', '/v1/balances', '/v1/webhook_endpoints'];

/** The lists that the old API had of a marketplace, each payment with its attempts, each refund. */
export async function readAnswers(demo: DemoFile): Promise<Recorded['answers']> {
  const answers: Record<string, Record<string, unknown>> = {};
  for (const [name, { secret_key: key, merchants }] of Object.entries(demo.marketplaces)) {
    const shop = new Marketplace(demo.platform.url, key, merchants);
    const own: Record<string, unknown> = {};
    for (const list of PAGED) own[list] = await rowsOf(shop, list);
    for (const list of WHOLE) own[list] = (await shop.expect(200, 'GET', list)).data;
    for (const { id } of own['/v1/payment_intents'] as Json[]) {
      own[`/v1/payment_intents/${String(id)}`] = await shop.getIntent(String(id));
    }
    const objects = (own['/v1/events'] as Json[]).map(({ data }) => (data as Json).object as Json);
    const refunds = new Set(
      objects.filter(({ object }) => object === 'refund').map(({ id }) => id),
    );
    for (const id of refunds) {
      own[`/v1/refunds/${String(id)}`] = await shop.expect(200, 'GET', `/v1/refunds/${String(id)}`);
    }
    answers[name] = own;
  }
  return answers;
}

async function rowsOf(shop: Marketplace, list: string): Promise<Json[]> {
  const rows: Json[] = [];
  for (let after = ''; ; ) {
    const page = await shop.expect(200, 'GET', `${list}?limit=100${after}`);
    rows.push(...(page.data as Json[]));
    if (page.has_more !== true) return rows;
    after = `&starting_after=${String(rows.at(-1)?.id)}`;
  }
}
