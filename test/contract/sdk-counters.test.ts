/**
 * The SDK's calls of counters against a whole platform: what its own tests say of requests and
 * retries holds for these too, and the sheets arrive as the bytes that are to be printed.
 */
import { PDFDocument } from 'pdf-lib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Hutong } from '../../sdk/src/client.ts';
import { HutongConflictError, HutongNotFoundError } from '../../sdk/src/errors.ts';
import type { Counter } from '../../sdk/src/types.ts';
import { ENGINES } from '../store/engines.ts';
import { openStage, type Stage } from './stage.ts';

for (const engine of ENGINES) {
  describe.skipIf(!engine.isAvailable)(`hutong.counters on ${engine.name}`, () => {
    let stage: Stage;
    let hutong: Hutong;
    let stranger: Hutong;
    let merchant: string;
    beforeAll(async () => {
      stage = await openStage(engine);
      const baseUrl = stage.platform.url;
      hutong = new Hutong({ baseUrl, secretKey: stage.taobao.key });
      stranger = new Hutong({ baseUrl, secretKey: stage.tmall.key });
      merchant = String(stage.taobao.merchants[0]);
    });
    afterAll(async () => {
      await stage?.close();
    });

    it('creates once a name, and retrieves what it created', async () => {
      const first = await hutong.counters.create(merchant, { name: '一号柜台' });
      expect(first.lastResponse.status).toBe(201);
      expect(first).toMatchObject({ object: 'counter', merchant, name: '一号柜台' });
      const again = await hutong.counters.create(merchant, { name: '一号柜台' });
      expect(again.lastResponse.status).toBe(200);
      expect(again).toEqual(first);
      expect(await hutong.counters.retrieve(merchant, first.id)).toEqual(first);
    });

    it('lists all of them over its pages, the latest first', async () => {
      const second = await hutong.counters.create(merchant, { name: '二号柜台' });
      const third = await hutong.counters.create(merchant, { name: '三号柜台' });
      const listed: Counter[] = [];
      for await (const counter of hutong.counters.list(merchant, { limit: 1 })) {
        listed.push(counter);
      }
      expect(listed.map(({ name }) => name)).toEqual(['三号柜台', '二号柜台', '一号柜台']);
      expect(listed.slice(0, 2)).toEqual([third, second]);
    });

    it('renames and takes out of use; a name that another has is a conflict', async () => {
      const { id, url } = await hutong.counters.create(merchant, { name: '四号柜台' });
      const closed = await hutong.counters.update(merchant, id, {
        name: '北门',
        status: 'disabled',
      });
      expect(closed).toMatchObject({ id, url, name: '北门', status: 'disabled' });
      const taken = hutong.counters.update(merchant, id, { name: '一号柜台' });
      await expect(taken).rejects.toThrow(HutongConflictError);
      await expect(taken).rejects.toMatchObject({ code: 'counter_name_taken', param: 'name' });
      expect(await hutong.counters.retrieve(merchant, id)).toEqual(closed);
    });

    it('gives the sheets as the bytes to print', async () => {
      const { id } = await hutong.counters.create(merchant, { name: '立牌' });
      for (const name of ['stand.pdf', 'tap_card.pdf'] as const) {
        const pdf = await PDFDocument.load(await hutong.counters.sheet(merchant, id, name));
        expect(pdf.getPageCount()).toBe(1);
      }
      for (const name of ['stand.svg', 'tap_card.svg'] as const) {
        const sheet = await hutong.counters.sheet(merchant, id, name);
        expect(sheet.lastResponse.status).toBe(200);
        const svg = new TextDecoder('utf-8', { fatal: true }).decode(sheet);
        for (const wallet of ['微信支付', '支付宝', '云闪付', '京东支付']) {
          expect(svg).toContain(wallet);
        }
      }
    });

    it('is kept from another marketplace, call by call (rule 11)', async () => {
      const { id } = await hutong.counters.create(merchant, { name: '自家' });
      for (const call of [
        () => stranger.counters.create(merchant, { name: '别家' }),
        () => stranger.counters.retrieve(merchant, id),
        () => stranger.counters.update(merchant, id, { status: 'disabled' }),
        () => stranger.counters.sheet(merchant, id, 'stand.pdf'),
        async () => {
          for await (const counter of stranger.counters.list(merchant)) return counter;
          return null;
        },
      ]) {
        await expect(call()).rejects.toThrow(HutongNotFoundError);
      }
      expect(await hutong.counters.retrieve(merchant, id)).toMatchObject({ status: 'enabled' });
    });
  });
}
