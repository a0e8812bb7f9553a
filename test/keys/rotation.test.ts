/** The key ring on its database: rotation, what it reseals, what it waits for, and retirement. */
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Payment } from '../../src/core/payment/model.ts';
import { leaseProcess, type ProcessLease } from '../../src/engine/process-lease.ts';
import { clientSecretOf, payTokenOf, shortCodeOf } from '../../src/flows/base/tokens.ts';
import {
  type Envelope,
  endpointSecretPlace,
  openEnvelope,
  walletSecretPlace,
} from '../../src/flows/key/envelope.ts';
import {
  type KeyContext,
  reportKeys,
  retireKey,
  rotateMaster,
} from '../../src/flows/key/rotate-keys.ts';
import { endOldForm, type KeyWatch, watchKeys } from '../../src/flows/key/watch-keys.ts';
import { formatId } from '../../src/kernel/id.ts';
import { wallClock } from '../../src/runtime/clock.ts';
import { fileSource, readKeyFile, writeKeyFile } from '../../src/runtime/key-file.ts';
import { masterKeyOf, openKeyRing } from '../../src/runtime/key-ring.ts';
import { createLog } from '../../src/runtime/log.ts';
import { systemRandom } from '../../src/runtime/random.ts';
import { oneCell } from '../../src/store/cells.ts';
import { announceKeys } from '../../src/store/key/key-ring.ts';
import { addMarketplace } from '../../src/store/merchant/marketplaces.ts';
import { readConfigs } from '../../src/store/wallet/configs.ts';
import { readEndpoints } from '../../src/store/webhook/endpoints.ts';
import { testNote } from '../helpers/audit-note.ts';
import { ENGINES, type TestHome } from '../store/engines.ts';
import { digestV1, sealV1 } from './old-form.ts';

const OPTIONS = { waitMs: 5_000, replacesDataKeys: false };
const quiet = createLog({ level: 'fatal' as 'error', destination: { write: () => undefined } });

for (const engine of ENGINES) {
  describe.skipIf(!engine.isAvailable)(`the key ring on ${engine.name}`, () => {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'hutong-rotation-'));
    let file: string;
    let home: TestHome;
    const leases: ProcessLease[] = [];
    const watches: KeyWatch[] = [];
    const shop = formatId('marketplace', 77n);
    const other = formatId('marketplace', 78n);

    beforeAll(async () => {
      home = await engine.open();
    });
    beforeEach(async () => {
      await run(`truncate master_keys, data_keys, process_keys, process_leases, wallet_configs,
        webhook_endpoints, payment_intents, marketplaces cascade`);
      file = path.join(dir, `${randomBytes(4).toString('hex')}.key`);
      writeKeyFile(file, [masterKeyOf(randomBytes(32))]);
      for (const [id, name] of [
        [shop, 'shop'],
        [other, 'other'],
      ] as const)
        await addMarketplace(home.db, { id, name, displayName: name, createdAtMs: 1 });
    });
    afterEach(async () => {
      for (const watch of watches.splice(0)) await watch.stop();
      for (const lease of leases.splice(0)) await lease.release();
    });
    afterAll(async () => {
      await home.close();
      fs.rmSync(dir, { recursive: true, force: true });
    });

    async function openAt(keyFile = file): Promise<Envelope> {
      const ring = openKeyRing(fileSource(keyFile));
      if (!ring.ok) throw new Error(ring.error);
      const seams = { db: home.db, ring: ring.value, wall: wallClock, random: systemRandom };
      const envelope = await openEnvelope(seams);
      if (!envelope.ok) throw new Error(envelope.error);
      return envelope.value;
    }

    /** A command of the operator: a process with a lease of its own, while it runs. */
    async function at<T>(work: (session: KeyContext) => Promise<T>, keyFile = file): Promise<T> {
      const envelope = await openAt(keyFile);
      const lease = await leaseProcess(home.db, systemRandom, () => undefined);
      const announce = () => {
        const kids = envelope.ring.all().map(({ kid }) => kid);
        return announceKeys(home.db, lease, kids, envelope.currentKid());
      };
      const noteOf = (action: string) => testNote(null, action);
      await announce();
      const seams = { db: home.db, wall: wallClock, random: systemRandom };
      try {
        return await work({
          ...seams,
          cells: oneCell(home.db),
          envelope,
          print: () => undefined,
          announce,
          noteOf,
        });
      } finally {
        await lease.release();
      }
    }

    const rotate = (change: Partial<typeof OPTIONS> = {}, keyFile = file) =>
      at((session) => rotateMaster(session, { ...OPTIONS, ...change }), keyFile);
    const report = () => at(reportKeys);

    /** A process that serves. */
    async function serving(keyFile = file) {
      const envelope = await openAt(keyFile);
      const lease = await leaseProcess(home.db, systemRandom, () => undefined);
      leases.push(lease);
      const seams = { db: home.db, envelope, lease, wall: wallClock, random: systemRandom };
      const watch = await watchKeys({ ...seams, log: quiet });
      watches.push(watch);
      return { envelope, lease, watch };
    }

    async function run(text: string, values: readonly unknown[] = []): Promise<void> {
      const name = `keys_test_${randomBytes(4).toString('hex')}`;
      await home.db.transaction(0, (session) => session.run({ name, text }, values));
    }

    async function storeSecrets(envelope: Envelope): Promise<void> {
      for (const [index, marketplace] of [shop, other].entries()) {
        const seal = await envelope.sealer(marketplace);
        const id = formatId('wallet_config', BigInt(90 + index));
        const place = walletSecretPlace({ id, marketplace }, 'jdpay');
        await run(
          `insert into wallet_configs (id, marketplace, wallet, sealed, status, created_at)
            values ($1, $2, 'jdpay', $3, 'active', 1)`,
          [90 + index, 77 + index, seal(`credentials ${index}`, place)],
        );
        for (const number of [1, 2]) {
          const endpoint = formatId('webhook_endpoint', BigInt(100 + 10 * index + number));
          const sealed = seal(
            `secret ${index}.${number}`,
            endpointSecretPlace({ id: endpoint, marketplace }),
          );
          await run(
            `insert into webhook_endpoints
              (id, marketplace, url, enabled_events, status, sealed, created_at)
              values ($1, $2, $3, '{*}', 'enabled', $4, 1)`,
            [100 + 10 * index + number, 77 + index, `https://shop.example/${number}`, sealed],
          );
        }
      }
    }

    async function secretsSeen(envelope: Envelope): Promise<string[]> {
      const seen: string[] = [];
      const tell = async (text: string, place: ReturnType<typeof endpointSecretPlace>) => {
        const clear = await envelope.open(text, place);
        seen.push(clear.ok ? clear.value : 'closed');
      };
      for (const row of await readConfigs(home.db))
        await tell(row.sealed, walletSecretPlace(row, row.wallet));
      for (const marketplace of [shop, other])
        for (const row of await readEndpoints(home.db, marketplace))
          await tell(row.sealed, endpointSecretPlace(row));
      return seen.sort();
    }

    const ALL = [
      'credentials 0',
      'credentials 1',
      'secret 0.1',
      'secret 0.2',
      'secret 1.1',
      'secret 1.2',
    ];

    const paymentWith = (tokenSeed: string): Payment =>
      ({ intent: { id: formatId('payment_intent', 5n), tokenSeed } }) as Payment;
    const tokensOf = (envelope: Envelope, seed: string): string[] => {
      const payment = paymentWith(seed);
      return [
        clientSecretOf(envelope, payment),
        payTokenOf(envelope, payment, 'buyer'),
        payTokenOf(envelope, payment, 'friend'),
        shortCodeOf(envelope, payment),
        envelope.digest('payer_state', seed, 'b0 00'),
      ];
    };

    test('S10: rotated beside two running processes: rows under the new key, old tokens still open', async () => {
      const [one, two] = [await serving(), await serving()];
      await storeSecrets(one.envelope);
      const seed = one.envelope.newTokenSeed();
      const tokens = tokensOf(one.envelope, seed);
      const before = one.envelope.currentKid();
      expect(await rotate()).toMatchObject({ ok: true, value: { dataKeys: 3, broken: [] } });
      await Promise.all([one.watch.look(), two.watch.look()]);
      const now = one.envelope.currentKid();
      expect(now).not.toBe(before);
      expect(two.envelope.currentKid()).toBe(now);
      for (const { envelope } of [one, two]) {
        expect(tokensOf(envelope, seed)).toEqual(tokens);
        expect(envelope.newTokenSeed().split('.')[0]).toBe(now);
        expect(await secretsSeen(envelope)).toEqual(ALL);
      }
      const told = await report();
      expect(told.keys.map(({ kid, status, dataKeys }) => [kid, status, dataKeys])).toEqual([
        [before, 'old', 0],
        [now, 'current', 3],
      ]);
      expect(told.values).toEqual(new Map([['v2', 6]]));
      // A process that starts now needs both while the old one opens tokens, and finds all.
      expect(await secretsSeen((await serving()).envelope)).toEqual(ALL);
    });

    test('S10: a folder of the previous version opens, keeps its tokens, and is resealed', async () => {
      const master = readKeyFile(file);
      if (!master.ok) throw new Error(master.error);
      const [key] = master.value as [Buffer];
      const config = { id: formatId('wallet_config', 90n), marketplace: shop };
      const place = walletSecretPlace(config, 'jdpay');
      await run(
        `insert into wallet_configs (id, marketplace, wallet, sealed, status, created_at)
          values (90, 77, 'jdpay', $1, 'active', 1)`,
        [sealV1(key, 'old credentials', place)],
      );
      const secret = { marketplace: shop, field: 'webhook_endpoints.secret' };
      await run(
        `insert into webhook_endpoints
          (id, marketplace, url, enabled_events, status, sealed, sealed_before, created_at)
          values (101, 77, 'https://a.example', '{*}', 'deleted', $1, $2, 1)`,
        [sealV1(key, 'old secret', secret), sealV1(key, 'older secret', secret)],
      );
      const { envelope, lease } = await serving();
      expect(await secretsSeen(envelope)).toEqual(['old credentials']);
      const seed = randomBytes(20).toString('hex');
      expect(tokensOf(envelope, seed).map((text) => text.slice(-20))).toEqual([
        digestV1(key, 'client_secret', seed).slice(-20),
        digestV1(key, 'pay_token.buyer', seed).slice(-20),
        digestV1(key, 'pay_token.friend', seed).slice(-20),
        digestV1(key, 'short_code', seed).slice(0, 20),
        digestV1(key, 'payer_state', 'b0 00').slice(-20),
      ]);
      const hash = digestV1(key, 'idempotency_body', 'h');
      expect(envelope.isFingerprint(hash, 'idempotency_body', 'h')).toBe(true);
      expect(envelope.isFingerprint(hash, 'idempotency_body', 'x')).toBe(false);
      // Not while a process of the version before is there.
      const seams = { db: home.db, envelope, lease, wall: wallClock, random: systemRandom };
      const older = await leaseProcess(home.db, systemRandom, () => undefined);
      await endOldForm({ ...seams, log: quiet });
      expect((await report()).values.get('v1')).toBe(3);
      await older.release();
      await endOldForm({ ...seams, log: quiet });
      expect((await report()).values).toEqual(new Map([['v2', 3]]));
      expect(await secretsSeen(envelope)).toEqual(['old credentials']);
      const rotated = await rotate();
      expect(rotated).toMatchObject({ ok: true });
      expect(envelope.isFingerprint(hash, 'idempotency_body', 'h')).toBe(true);
    });

    test('S10: a ring that opens nothing of the database is refused at the start', async () => {
      await storeSecrets(await openAt());
      const foreign = path.join(dir, 'foreign.key');
      writeKeyFile(foreign, [masterKeyOf(randomBytes(32))]);
      await expect(openAt(foreign)).rejects.toThrow('lacks the current master key');
      await run('delete from master_keys');
      const [row] = await readConfigs(home.db);
      const old = sealV1(randomBytes(32), 'x', walletSecretPlace(row!, 'jdpay'));
      await run('update wallet_configs set sealed = $1 where id = 90', [old]);
      await expect(openAt(foreign)).rejects.toThrow('its keys open nothing of this database');
    });

    test('S10: a process that lacks the new key holds the rotation up; nothing has changed', async () => {
      const mine = await serving();
      const elsewhere = path.join(dir, 'elsewhere.key');
      fs.copyFileSync(file, elsewhere);
      const apart = await serving(elsewhere);
      const before = mine.envelope.currentKid();
      const refused = await rotate({ waitMs: 3_000 });
      expect(refused).toMatchObject({ ok: false });
      if (!refused.ok) expect(refused.error).toContain(`process ${apart.lease.number} does not`);
      await mine.envelope.refresh();
      expect(mine.envelope.currentKid()).toBe(before);
      // Begun is begun: the same key is taken when the file has been copied.
      const begun = (await report()).keys.find(({ status }) => status === 'new');
      expect(await rotate({}, elsewhere)).toMatchObject({
        ok: false,
        error: expect.stringContaining('a rotation to'),
      });
      fs.copyFileSync(file, elsewhere);
      expect((await rotate()).ok).toBe(true);
      await mine.watch.look();
      expect(mine.envelope.currentKid()).toBe(begun?.kid);
    });

    test('S10: two rotations at once are one rotation', async () => {
      const process = await serving();
      await storeSecrets(process.envelope);
      const both = await Promise.all([rotate(), rotate()]);
      expect(both.every(({ ok }) => ok)).toBe(true);
      const { keys } = await report();
      expect(keys.map(({ status }) => status)).toEqual(['old', 'current']);
      const held = readKeyFile(file);
      expect(held.ok && held.value).toHaveLength(2);
      expect(await secretsSeen(process.envelope)).toEqual(ALL);
    });

    test('S10: a key retires only after its last open payment, and then opens nothing', async () => {
      const process = await serving();
      await storeSecrets(process.envelope);
      const old = process.envelope.currentKid();
      const seed = process.envelope.newTokenSeed();
      const tokens = tokensOf(process.envelope, seed);
      await insertPayment(1n, seed, 'requires_action');
      await insertPayment(2n, randomBytes(20).toString('hex'), 'conflicted');
      await insertPayment(3n, seed, 'succeeded');
      const refusal = async () => {
        const retired = await at((session) => retireKey(session, old));
        return retired.ok ? '' : retired.error;
      };
      expect(await refusal()).toContain('is the current master key');
      expect((await rotate()).ok).toBe(true);
      await process.watch.look();
      expect(await refusal()).toMatch(/current a moment ago; try again in \d+ s/);
      await run(`update master_keys set old_at = old_at - 60000 where status = 'old'`);
      expect(await refusal()).toContain('2 open payments hold tokens of it');
      await run(`update payment_intents set status = 'expired' where id = 1`);
      expect(await refusal()).toContain('1 open payment holds tokens of it');
      await run(`update payment_intents set status = 'canceled' where id = 2`);
      expect(await refusal()).toBe('');
      const held = readKeyFile(file);
      expect(held.ok && held.value.map((key) => masterKeyOf(key).kid)).toEqual([
        (await openAt()).currentKid(),
      ]);
      await process.watch.look();
      // Invalid tokens; an authorized caller gets a valid one.
      const fresh = tokensOf(process.envelope, seed);
      for (const [index, token] of fresh.entries()) expect(token).not.toBe(tokens[index]);
      expect(tokensOf(await openAt(), seed)).toEqual(fresh);
      expect(await secretsSeen(await openAt())).toEqual(ALL);
      expect(await refusal()).toBe('');
    });

    test('S10: a crash at any step leaves a rotation that can be run again', async () => {
      const process = await serving();
      await storeSecrets(process.envelope);
      const steps = ['file written', 'named', 'switched', 'half sealed'] as const;
      for (const step of steps) {
        const dying = at((session) => rotateMaster(failingAt(session, step), OPTIONS));
        await expect(dying, step).rejects.toThrow('killed');
        expect(await secretsSeen(await openAt()), step).toEqual(ALL);
        const again = await rotate();
        expect(again.ok, step).toBe(true);
        const told = await report();
        const current = told.keys.filter(({ status }) => status === 'current');
        expect(
          current.map(({ dataKeys }) => dataKeys),
          step,
        ).toEqual([3]);
        expect(
          told.keys.some(({ status }) => status === 'new'),
          step,
        ).toBe(false);
        expect(told.unnamed, step).toBeUndefined();
        await process.watch.look();
        expect(await secretsSeen(process.envelope), step).toEqual(ALL);
      }
      // Each of the four crashes was one rotation and no second.
      expect((await report()).keys).toHaveLength(1 + steps.length);
    });

    test('S10: new data keys where the old master was disclosed: every value is under them', async () => {
      const process = await serving();
      await storeSecrets(process.envelope);
      const before = (await readConfigs(home.db)).map(({ sealed }) => sealed.split('.')[1]);
      const rotated = await rotate({ replacesDataKeys: true });
      expect(rotated).toMatchObject({ ok: true, value: { dataKeys: 3, values: 6 } });
      const after = (await readConfigs(home.db)).map(({ sealed }) => sealed.split('.')[1]);
      for (const kid of after) expect(before).not.toContain(kid);
      expect(await secretsSeen(process.envelope)).toEqual(ALL);
    });

    test('S12: secrets that changed places by SQL do not open, nor do those of another marketplace', async () => {
      const envelope = await openAt();
      await storeSecrets(envelope);
      await run(`update webhook_endpoints t set sealed = o.sealed from webhook_endpoints o
        where (t.id, o.id) in ((101, 102), (102, 101), (111, 112), (112, 111))`);
      expect(await secretsSeen(envelope)).toEqual([
        ...Array.from({ length: 4 }, () => 'closed'),
        'credentials 0',
        'credentials 1',
      ]);
      await run(`update wallet_configs t set sealed = o.sealed from wallet_configs o
        where t.id <> o.id`);
      expect(new Set(await secretsSeen(await openAt()))).toEqual(new Set(['closed']));
      // A rotation reports what does not open, row by row, and reseals the rest.
      await serving();
      const rotated = await rotate({ replacesDataKeys: true });
      expect(rotated.ok && rotated.value.broken).toHaveLength(6);
    });

    async function insertPayment(id: bigint, seed: string, status: string): Promise<void> {
      await run(
        `insert into payment_intents (shard, id, marketplace, merchant_order_no, content_hash,
          amount, currency, description, buyer, status, version, metadata, created_at, expires_at,
          amount_received, amount_refunded, token_seed)
          values (7, $1, 77, $2, 'h', 100, 'cny', 'd', '{}', $3, 1, '{}', 1, 2, 0, 0, $4)`,
        [id, `T${id}`, status, seed],
      );
    }

    /** Dies where the text of its next step, or its next write, would be. */
    function failingAt(
      one: KeyContext,
      step: 'file written' | 'named' | 'switched' | 'half sealed',
    ): KeyContext {
      const dead = (): never => {
        throw new Error('killed');
      };
      if (step === 'file written') {
        const transaction: typeof one.db.transaction = (lane, work) =>
          one.db.transaction(lane, async (session) => {
            const answer = await work(session);
            return answer === undefined ? answer : dead();
          });
        return { ...one, db: { ...asDb(one.db), transaction } };
      }
      if (step === 'named') return { ...one, announce: async () => dead() };
      const text = step === 'switched' ? 'is the current' : 'data keys sealed';
      const print = (line: string) => (line.includes(text) ? dead() : undefined);
      if (step === 'switched') return { ...one, print };
      let sealed = 0;
      const sealDataKey: Envelope['sealDataKey'] = (...given) => {
        sealed += 1;
        return sealed > 1 ? dead() : one.envelope.sealDataKey(...given);
      };
      return { ...one, envelope: { ...one.envelope, sealDataKey } };
    }

    function asDb(db: KeyContext['db']): KeyContext['db'] {
      return {
        kind: db.kind,
        laneCount: db.laneCount,
        transaction: (lane, work) => db.transaction(lane, work),
        background: (work) => db.background(work),
        read: (statement, values) => db.read(statement, values),
        script: (text) => db.script(text),
        close: () => db.close(),
      };
    }
  });
}
