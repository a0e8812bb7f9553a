/**
 * Counters and the one code, over HTTP on a whole platform: what is printed, what a buyer types,
 * and the order that comes of it.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readNdef, uriOf } from '../../src/wires/nfc/ndef.ts';
import { decodeMpm } from '../../src/wires/qr/mpm.ts';
import { call, type Json, Marketplace } from '../helpers/api.ts';
import { ENGINES } from '../store/engines.ts';
import { becomes, createIntent, openStage, type Stage } from './stage.ts';

const USER_AGENT = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36';

for (const engine of ENGINES) {
  describe.skipIf(!engine.isAvailable)(`counters on ${engine.name}`, () => {
    let stage: Stage;
    let path: string;
    beforeAll(async () => {
      stage = await openStage(engine);
      path = `/v1/merchants/${stage.taobao.merchants[0]}/counters`;
    });
    afterAll(async () => {
      await stage?.close();
    });

    const create = (name: string): Promise<Json> =>
      stage.taobao.expect(201, 'POST', path, { name });

    async function page(url: string): Promise<{ status: number; html: string; visit: string }> {
      const answer = await fetch(url, { headers: { 'user-agent': USER_AGENT } });
      const html = await answer.text();
      const visit = /name="visit" value="([0-9a-f]{20})"/.exec(html)?.[1] ?? '';
      return { status: answer.status, html, visit };
    }

    function type(url: string, visit: string, amount: string): Promise<Response> {
      return fetch(url, {
        method: 'POST',
        redirect: 'manual',
        headers: { 'user-agent': USER_AGENT, 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ visit, amount }),
      });
    }

    const intentOf = (location: string | null): string =>
      `pi_${/^\/pay\/b([0-9A-Z]{13})/.exec(location ?? '')?.[1]}`;

    it('are made once a name, listed, read, and kept to their marketplace (rule 11)', async () => {
      const first = await create('一号柜台');
      const again = await stage.taobao.expect(200, 'POST', path, { name: '一号柜台' });
      expect(again).toEqual(first);
      const second = await create('二号柜台');
      const listed = await stage.taobao.expect(200, 'GET', `${path}?limit=1`);
      expect(listed).toMatchObject({ has_more: true, data: [{ id: second.id }] });
      const rest = await stage.taobao.expect(
        200,
        'GET',
        `${path}?limit=1&starting_after=${String(second.id)}`,
      );
      expect(rest).toMatchObject({ has_more: false, data: [{ id: first.id }] });
      const own = `${path}/${String(first.id)}`;
      expect(await stage.taobao.expect(200, 'GET', own)).toEqual(first);
      for (const suffix of ['', '/stand.svg', '/stand.pdf', '/tap_card.svg', '/tap_card.pdf']) {
        await stage.tmall.expect(404, 'GET', own + suffix);
      }
      await stage.tmall.expect(404, 'POST', path, { name: 'Ours now' });
      await stage.tmall.expect(404, 'POST', own, { status: 'disabled' });
      const elsewhere = `/v1/merchants/${stage.taobao.merchants[1]}/counters/${String(first.id)}`;
      await stage.taobao.expect(404, 'GET', elsewhere);
    });

    it('refuse a name that another counter has', async () => {
      const one = await create('收银台甲');
      await create('收银台乙');
      const own = `${path}/${String(one.id)}`;
      const taken = await stage.taobao.expect(409, 'POST', own, { name: '收银台乙' });
      expect(taken).toMatchObject({ error: { code: 'counter_name_taken', param: 'name' } });
      const renamed = await stage.taobao.expect(200, 'POST', own, { name: '收银台丙' });
      expect(renamed).toMatchObject({ name: '收银台丙', url: one.url });
    });

    it('stay as they were in what an update does not name', async () => {
      const counter = await create('西门');
      const own = `${path}/${String(counter.id)}`;
      expect(await stage.taobao.expect(200, 'POST', own, {})).toEqual(counter);
      const disabled = { ...counter, status: 'disabled' };
      expect(await stage.taobao.expect(200, 'POST', own, { status: 'disabled' })).toEqual(disabled);
      expect(await stage.taobao.expect(200, 'POST', own, {})).toEqual(disabled);
      expect(await stage.taobao.expect(200, 'GET', own)).toEqual(disabled);
      const stray = await stage.taobao.expect(400, 'POST', own, { state: 'enabled' });
      expect(stray).toMatchObject({ error: { code: 'parameter_unknown', param: 'state' } });
    });

    it('have names that can be read, and read as they are', async () => {
      for (const name of ['   ', '\u3000', 'Till \u202e1', '\u2067Till 1\u2069', 'Till\u200f 1']) {
        const refused = await stage.taobao.expect(400, 'POST', path, { name });
        expect(refused).toMatchObject({ error: { code: 'parameter_invalid', param: 'name' } });
      }
      for (const name of ['متجر', '👨\u200d👩\u200d👧']) await create(name);
    });

    it('carry a static EMVCo code with the same address and no amount', async () => {
      const counter = await create('扫码台');
      const read = decodeMpm(String(counter.emv));
      expect(read).toMatchObject({
        ok: true,
        value: { initiation: 'static', amount: null, currency: '156', country: 'CN' },
      });
      const [account] = read.ok ? read.value.accounts : [];
      expect(account).toMatchObject({
        isUnionPay: true,
        fields: [{ id: '01', value: counter.url }],
      });
    });

    it('carry a tag with the same address', async () => {
      const counter = await create('碰一碰台');
      const read = readNdef(Buffer.from(String(counter.ndef), 'hex'));
      expect(read.ok && read.value.map(uriOf)).toEqual([counter.url]);
    });

    it('make one order of a form that is sent twice, and pay it', async () => {
      const counter = await create('门口');
      const url = String(counter.url);
      const { status, html, visit } = await page(url);
      expect(status).toBe(200);
      expect(html).toContain('门口');
      const answers = await Promise.all([1, 2, 3].map(() => type(url, visit, '12.5')));
      const places = answers.map((answer) => answer.headers.get('location'));
      expect(answers.map(({ status: code }) => code)).toEqual([303, 303, 303]);
      expect(new Set(places).size).toBe(1);
      const id = intentOf(places[0] ?? null);
      const intent = await stage.taobao.getIntent(id);
      expect(intent).toMatchObject({
        amount: 1250,
        status: 'requires_wallet',
        metadata: { counter: counter.id },
        sub_orders: [{ merchant: stage.taobao.merchants[0], amount: 1250 }],
      });
      const other = await type(url, visit, '12.51');
      expect(intentOf(other.headers.get('location'))).not.toBe(id);
      const fresh = await type(url, (await page(url)).visit, '12.5');
      expect(intentOf(fresh.headers.get('location'))).not.toBe(id);

      const attempt = await stage.taobao.startAttempt(id, 'wechatpay', 'native');
      const scan = await stage.sandbox.scan('wechatpay', attempt.next_action);
      await stage.sandbox.pay(scan);
      await becomes(stage, id, 'succeeded');
      expect(intentOf((await type(url, visit, '12.50')).headers.get('location'))).toBe(id);
    });

    it.each([
      ['', '请输入金额'],
      ['abc', '这不是一个金额'],
      ['0', '至少为 0.01'],
      ['0.001', '两位小数'],
      ['50000.01', '最多为 50,000.00'],
    ])(
      'make no order of %s and say why',
      async (amount, text) => {
        const counter = await create(`试算台 ${amount}`);
        const url = String(counter.url);
        const before = await stage.taobao.expect(200, 'GET', '/v1/payment_intents?limit=100');
        const answer = await type(url, (await page(url)).visit, amount);
        expect(answer.status).toBe(422);
        const html = await answer.text();
        expect(html).toContain(text);
        expect(html).toContain('role="alert"');
        expect(html).toContain(`value="${amount}"`);
        expect(await stage.taobao.expect(200, 'GET', '/v1/payment_intents?limit=100')).toEqual(
          before,
        );
      },
      60_000,
    );

    it('can be taken out of use and back', async () => {
      const counter = await create('夜市');
      const own = `${path}/${String(counter.id)}`;
      const url = String(counter.url);
      const { visit } = await page(url);
      await stage.taobao.expect(200, 'POST', own, { status: 'disabled' });
      expect((await page(url)).html).toContain('已停用');
      expect((await type(url, visit, '1')).status).toBe(409);
      const back = await stage.taobao.expect(200, 'POST', own, { status: 'enabled' });
      expect(back.url).toBe(url);
      expect((await type(url, visit, '1')).status).toBe(303);
    });

    it('are found by nothing but their address', async () => {
      const root = stage.platform.url;
      for (const token of ['0'.repeat(20), 'x', '%00', `${'a'.repeat(300)}`]) {
        expect((await page(`${root}/c/${token}`)).status).toBeGreaterThanOrEqual(400);
      }
    });

    it('answer their sheets as files', async () => {
      const counter = await create('立牌');
      const authorization = `Bearer ${stage.taobao.key}`;
      for (const [file, type, start] of [
        ['stand.svg', 'image/svg+xml', '<?xml'],
        ['stand.pdf', 'application/pdf', '%PDF-'],
        ['tap_card.svg', 'image/svg+xml', '<?xml'],
        ['tap_card.pdf', 'application/pdf', '%PDF-'],
      ] as const) {
        const url = `${stage.platform.url}${path}/${String(counter.id)}/${file}`;
        const answer = await fetch(url, { headers: { authorization } });
        expect(answer.status).toBe(200);
        expect(answer.headers.get('content-type')).toBe(type);
        expect(answer.headers.get('content-disposition')).toContain(file);
        expect((await answer.text()).startsWith(start)).toBe(true);
      }
    });
  });

  describe.skipIf(!engine.isAvailable)(`the one code of a payment on ${engine.name}`, () => {
    let stage: Stage;
    beforeAll(async () => {
      stage = await openStage(engine);
    });
    afterAll(async () => {
      await stage?.close();
    });

    it('leads to the cashier, and is EMVCo with amount and reference', async () => {
      const intent = await createIntent(stage, [1999]);
      const code = await stage.taobao.expect(
        200,
        'GET',
        `/v1/payment_intents/${String(intent.id)}/code`,
      );
      expect(code).toMatchObject({ object: 'payment_code', payment_intent: intent.id });
      const answer = await fetch(String(code.url), { redirect: 'manual' });
      expect(answer.status).toBe(303);
      const place = new URL(answer.headers.get('location') ?? '', stage.platform.url);
      expect(place.href).toBe(intent.cashier_url);
      const read = decodeMpm(String(code.emv));
      expect(read).toMatchObject({
        ok: true,
        value: { initiation: 'dynamic', amountFen: 1999n, currency: '156' },
      });
      if (!read.ok) return;
      expect(read.value.additional).toEqual([
        { id: '05', value: String(intent.id).replace('pi_', '') },
      ]);
      expect(read.value.accounts[0]).toMatchObject({ fields: [{ id: '01', value: code.url }] });
      expect(String(code.svg)).toMatch(/^<svg xmlns=/);
    });

    it('is no other marketplace’s, no reader’s and no guesser’s', async () => {
      const intent = await createIntent(stage, [1999]);
      const own = `/v1/payment_intents/${String(intent.id)}/code`;
      await stage.tmall.expect(404, 'GET', own);
      const stranger = new Marketplace(stage.platform.url, 'sk_test_0', []);
      await stranger.expect(401, 'GET', own);
      const { url } = await stage.taobao.expect(200, 'GET', own);
      const wrong = String(url).replace(/.$/, (last) => (last === '0' ? '1' : '0'));
      expect((await fetch(wrong, { redirect: 'manual' })).status).toBe(404);
      expect((await call('GET', `${stage.platform.url}/q/`)).status).toBe(404);
    });
  });
}
