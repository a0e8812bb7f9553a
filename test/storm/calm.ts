/**
 * After the storm: nothing new is bought, the wallets work again, a back office does what only an
 * operator can do (conflicts, refunds that a wallet delays), and time goes on until nothing is
 * open. Whatever is still open then is a problem, reported by name.
 */
import { randomInt } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import type pg from 'pg';
import { connect } from '../chaos/stage.ts';
import { call, type Json } from '../helpers/api.ts';
import { releaseRefund } from '../races/release.ts';
import type { WechatpayKeys } from '../races/town.ts';
import type { Stage } from './stage.ts';

/** Poll by poll first; then over every order's own expiry and the rhythm of daily looks. */
const STEPS_SECONDS = [
  1, 2, 5, 10, 30, 60, 60, 120, 300, 300, 600, 600, 1_800, 1_800, 3_600, 3_600, 7_200, 7_200,
  21_600, 21_600, 86_400, 86_400, 86_400,
];

const ALIVE = `
  select 'payment_intent ' || status what, count(*)::int n from payment_intents
    where status not in ('succeeded', 'canceled', 'expired') group by status
  union all
  select 'attempt ' || wallet || ' ' || status, count(*)::int from payment_attempts
    where status in ('created', 'pending', 'unknown', 'conflicted') group by wallet, status
  union all
  select 'refund ' || reason || ' ' || status, count(*)::int from refunds
    where status not in ('succeeded', 'failed') group by reason, status
  union all
  select 'transfer ' || kind, count(*)::int from transfers where status = 'owed' group by kind
  union all
  select 'delivery', count(*)::int from deliveries where status = 'pending' having count(*) > 0`;

export interface Calm {
  readonly alive: readonly string[];
  readonly resolved: number;
}

export async function calmDown(stage: Stage, admin: pg.Client): Promise<Calm> {
  await call('DELETE', `${stage.sandboxUrl}/control/faults`);
  let resolved = 0;
  let alive = await aliveOf(admin);
  for (const seconds of STEPS_SECONDS) {
    if (alive.length === 0) break;
    resolved += await resolveConflicts(stage);
    await releaseHeldRefunds(stage, admin);
    await call('POST', `${stage.sandboxUrl}/control/clock`, { body: { advance_seconds: seconds } });
    alive = await aliveOf(admin);
  }
  return { alive, resolved };
}

async function aliveOf(admin: pg.Client): Promise<string[]> {
  const { rows } = await admin.query<{ what: string; n: number }>(ALIVE);
  return rows.map(({ what, n }) => `${n} x ${what}`);
}

/**
 * As an operator does it, by API, now that the wallet reports the truth when queried again; a
 * conflict that may still be paid is left for the next round.
 */
async function resolveConflicts(stage: Stage): Promise<number> {
  let resolved = 0;
  for (const { secretKey } of stage.shops.values()) {
    const { url } = stage.platforms[0] as Stage['platforms'][number];
    const list = await call('GET', `${url}/v1/payment_intents?status=conflicted&limit=100`, {
      key: secretKey,
    }).catch(() => undefined);
    for (const intent of (list?.body.data as Json[] | undefined) ?? []) {
      const body = { outcome: ['accept', 'refund'][randomInt(2)], reason: 'storm' };
      const answer = await call('POST', `${url}/v1/payment_intents/${String(intent.id)}/resolve`, {
        key: secretKey,
        body,
      }).catch(() => undefined);
      if (answer?.status === 200) resolved += 1;
    }
  }
  return resolved;
}

/** WeChat Pay holds a refund back until the merchant names another card. */
async function releaseHeldRefunds(stage: Stage, admin: pg.Client): Promise<void> {
  const { rows } = await admin.query<{ refund_no: string; merchant: string; shop: string }>(
    `select r.refund_no, l.wallet_merchant merchant, i.marketplace shop
       from refunds r
       join payment_legs l on l.shard = r.shard and l.intent = r.intent and l.id = r.leg
       join payment_attempts a on a.shard = l.shard and a.intent = l.intent and a.id = l.attempt
       join payment_intents i on i.shard = r.shard and i.id = r.intent
      where r.status = 'abnormal' and a.wallet = 'wechatpay'`,
  );
  if (rows.length === 0) return;
  const names = await marketplaceNames(stage);
  for (const { refund_no, merchant, shop } of rows) {
    const keys = wechatpayKeys(stage.dir, names.get(shop) ?? '');
    const held = { refundNo: refund_no, subMchid: merchant };
    await releaseRefund(stage.sandboxUrl, keys, held).catch(() => undefined);
  }
}

/** By id, from the home: in a cell of a cluster that table is empty. */
async function marketplaceNames(stage: Stage): Promise<ReadonlyMap<string, string>> {
  const home = await connect(stage.database.url);
  try {
    const { rows } = await home.query<{ id: string; name: string }>(
      'select id, name from marketplaces',
    );
    return new Map(rows.map(({ id, name }) => [id, name]));
  } finally {
    await home.end();
  }
}

function wechatpayKeys(dir: string, shop: string): WechatpayKeys {
  const file = JSON.parse(fs.readFileSync(path.join(dir, 'papers.json'), 'utf8')) as {
    readonly marketplaces: Readonly<Record<string, { readonly wechatpay: { credentials: Json } }>>;
  };
  const { mchid, serialNo, privateKey } = file.marketplaces[shop]?.wechatpay.credentials ?? {};
  return {
    mchid: String(mchid),
    serial_no: String(serialNo),
    private_key: String(privateKey),
  };
}
