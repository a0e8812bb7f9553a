/**
 * The stage of the races: a whole platform beside a whole city, in this process, on a real
 * PostgreSQL of its own (PGlite where none is installed), or with HUTONG_TEST_CITUS_URL in a cell
 * of that cluster. Nothing is replaced.
 */
import fs from 'node:fs';
import path from 'node:path';
import { type Cells, oneCell } from '../../src/store/cells.ts';
import { startPostgres } from '../../tools/postgres.ts';
import { call, Marketplace, Sandbox } from '../helpers/api.ts';
import { openMigratedPglite } from '../helpers/migrated-pglite.ts';
import { composeForTest } from '../helpers/platform.ts';
import { openInbox, type WebhookInbox } from '../helpers/webhook-inbox.ts';
import { migrateTestCells, openTestCells } from '../store/test-cells.ts';
import { CITUS_URL, makeCitusCell } from '../store/test-citus.ts';

/** What the release of a stuck WeChat refund must be signed with. */
export interface WechatpayKeys {
  readonly mchid: string;
  readonly serial_no: string;
  readonly private_key: string;
}

export interface Town {
  readonly home: string;
  readonly shop: Marketplace;
  readonly sandbox: Sandbox;
  readonly inbox: WebhookInbox;
  readonly wechatpay: WechatpayKeys;
  readonly logText: () => string;
  readonly close: () => Promise<void>;
}

interface TownHome {
  readonly name: string;
  readonly cells: Cells;
  readonly close: () => Promise<void>;
}

const CONNECTIONS = { lanes: 2, readers: 2 } as const;

async function openHome(): Promise<TownHome> {
  if (CITUS_URL !== undefined) return openOnCitus(CITUS_URL);
  const server = await startPostgres({ fsync: false });
  if (server === undefined) {
    const cells = oneCell(await openMigratedPglite());
    return { name: 'PGlite', cells, close: async () => undefined };
  }
  const url = await server.database('races');
  await migrateTestCells(url);
  const cells = await openTestCells(url, CONNECTIONS);
  return { name: server.version, cells, close: () => server.stop() };
}

async function openOnCitus(coordinator: string): Promise<TownHome> {
  const { url, worker, drop } = await makeCitusCell(coordinator);
  const cells = await openTestCells(url, CONNECTIONS);
  return { name: `Citus, the cell on ${worker}`, cells, close: drop };
}

export async function openTown(): Promise<Town> {
  const { name, cells, close } = await openHome();
  const stage = await composeForTest({ cells, logLevel: 'info' });
  const taobao = stage.marketplaces.get('taobao');
  if (taobao === undefined) throw new Error('the demo has a marketplace taobao');
  const shop = new Marketplace(stage.url, taobao.secretKey, taobao.merchants);
  const inbox = await openInbox();
  const endpoint = await call('POST', `${stage.url}/v1/webhook_endpoints`, {
    key: taobao.secretKey,
    body: { url: inbox.url, enabled_events: ['*'] },
  });
  inbox.trust(String(endpoint.body.secret));
  return {
    home: name,
    shop,
    sandbox: new Sandbox(stage.sandbox.url),
    inbox,
    wechatpay: readWechatpayKeys(stage.dir),
    logText: stage.logText,
    close: async () => {
      await stage.close();
      await inbox.close();
      await close();
    },
  };
}

function readWechatpayKeys(dir: string): WechatpayKeys {
  const file = JSON.parse(fs.readFileSync(path.join(dir, 'papers.json'), 'utf8'));
  const { mchid, serialNo, privateKey } = file.marketplaces.taobao.wechatpay.credentials;
  return { mchid, serial_no: serialNo, private_key: privateKey };
}
