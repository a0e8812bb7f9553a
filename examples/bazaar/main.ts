/**
 * Starts the bazaar: one process, two marketplaces, no database. Embedded by the demo through
 * `runBazaar`; run directly it reads the demo's credentials and registers its own webhook
 * endpoints.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Hutong } from '@hutong/sdk';
import { MARKETPLACES, type MarketplaceName } from './catalogue/catalogue.ts';
import { Journal } from './journal.ts';
import { createLive } from './live.ts';
import { type Seams, systemSeams } from './seams.ts';
import { createServer } from './server.ts';
import { createShop } from './shop.ts';
import { ensureWebhookEndpoint } from './webhook-endpoint.ts';

export { ensureWebhookEndpoint } from './webhook-endpoint.ts';

export interface BazaarMarketplace {
  readonly baseUrl: string;
  readonly secretKey: string;
  /** Paid in the order of the catalogue's sellers. */
  readonly merchants: readonly string[];
  readonly webhookSecret: string;
}

export interface BazaarOptions {
  /** 0 takes a free one. */
  readonly port: number;
  /** Orders are kept here and survive a restart. */
  readonly dir: string;
  readonly marketplaces: Readonly<Record<MarketplaceName, BazaarMarketplace>>;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** The address that buyers use, where it is not `http://{host}:{port}`. */
  readonly publicUrl?: string;
  /** Origins of the cashier besides those of each baseUrl. */
  readonly cashierOrigins?: readonly string[];
  readonly log?: (line: string) => void;
  readonly seams?: Seams;
}

export interface Bazaar {
  readonly url: string;
  readonly stop: () => Promise<void>;
}

export async function runBazaar(options: BazaarOptions): Promise<Bazaar> {
  const { marketplaces, seams = systemSeams, host = '127.0.0.1' } = options;
  const journal = await Journal.open(options.dir);
  const shopOf = (name: MarketplaceName) => {
    const { baseUrl, secretKey, merchants, webhookSecret } = marketplaces[name];
    const hutong = new Hutong({ baseUrl, secretKey });
    return createShop({ name, hutong, merchants, webhookSecret }, journal, seams);
  };
  const live = createLive();
  const origins: string[] = [];
  const app = createServer({
    shops: { taobao: shopOf('taobao'), tmall: shopOf('tmall') },
    live,
    origins,
    cashierOrigins: [
      ...new Set([
        ...MARKETPLACES.map((name) => new URL(marketplaces[name].baseUrl).origin),
        ...(options.cashierOrigins ?? []),
      ]),
    ],
    log: options.log ?? ((line) => process.stderr.write(`bazaar: ${line}\n`)),
  });
  await app.listen({ port: options.port, host });
  const address = app.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;
  const url = new URL(options.publicUrl ?? `http://${host}:${port}`).origin;
  origins.push(...new Set([url, `http://127.0.0.1:${port}`, `http://localhost:${port}`]));
  return {
    url,
    stop: async () => {
      live.stop();
      await app.close();
      await journal.close();
    },
  };
}

interface DemoFile {
  readonly platform?: { readonly url: string };
  readonly marketplaces?: Readonly<
    Record<MarketplaceName, { readonly secret_key: string; readonly merchants: readonly string[] }>
  >;
}

async function main(): Promise<void> {
  const hutongDir = process.env.HUTONG_DIR ?? '.hutong';
  const dir = join(hutongDir, 'bazaar');
  const port = Number(process.env.HUTONG_BAZAAR_PORT ?? 4200);
  const demo = JSON.parse(readFileSync(join(hutongDir, 'demo.json'), 'utf8')) as DemoFile;
  const baseUrl = demo.platform?.url;
  if (baseUrl === undefined || demo.marketplaces === undefined) {
    throw new Error('demo.json has no platform: start it with `npm start`');
  }
  const open = async (marketplace: MarketplaceName): Promise<BazaarMarketplace> => {
    const account = demo.marketplaces?.[marketplace];
    if (account === undefined) throw new Error(`demo.json has no marketplace ${marketplace}`);
    const { secret_key: secretKey, merchants } = account;
    const webhookSecret = await ensureWebhookEndpoint({
      hutong: new Hutong({ baseUrl, secretKey }),
      marketplace,
      platform: baseUrl,
      url: `http://127.0.0.1:${port}`,
      dir,
    });
    return { baseUrl, secretKey, merchants, webhookSecret };
  };
  const marketplaces = { taobao: await open('taobao'), tmall: await open('tmall') };
  const bazaar = await runBazaar({ port, dir, marketplaces });
  process.stdout.write(`The bazaar is open: ${bazaar.url}/taobao and ${bazaar.url}/tmall\n`);
  const leave = () => {
    bazaar.stop().then(() => process.exit(0));
  };
  process.once('SIGINT', leave);
  process.once('SIGTERM', leave);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await main();
}
