/** `hutong cells`, as an operator types it, beside a platform that follows. */
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AdminContext } from '../../src/cli/admin-session.ts';
import { addCellsCommands } from '../../src/cli/cells.ts';
import { connectCell } from '../../src/cli/open-database.ts';
import { readSettings, type Settings } from '../../src/cli/settings.ts';
import { createIdSource } from '../../src/engine/ids.ts';
import { leaseProcess } from '../../src/engine/process-lease.ts';
import { wallClock } from '../../src/runtime/clock.ts';
import { systemRandom } from '../../src/runtime/random.ts';
import { COMMAND_HOLDER } from '../../src/store/cell/live.ts';
import { readCells } from '../../src/store/cell/map.ts';
import { type Cell, createCells, oneCell } from '../../src/store/cells.ts';
import { call, until } from '../helpers/api.ts';
import { type EdgePlatform, openEdgePlatform } from '../helpers/edge-platform.ts';
import { openMigratedPglite } from '../helpers/migrated-pglite.ts';
import { ENGINES, type TestHome } from '../store/engines.ts';

const POSTGRES = ENGINES[1]!;

function programOf(context: Pick<AdminContext, 'print' | 'inSession'>) {
  return async (...argv: string[]): Promise<void> => {
    const program = new Command('hutong').exitOverride().configureOutput({ writeErr: () => {} });
    addCellsCommands(program, { ...context, aside: () => undefined, cwd: '.' });
    await program.parseAsync(['cells', ...argv], { from: 'user' });
  };
}

test('PGlite is one cell, and says so', async () => {
  const db = await openMigratedPglite();
  const lines: string[] = [];
  const lease = await leaseProcess(db, systemRandom, () => undefined);
  const run = programOf({
    print: (line) => void lines.push(line),
    inSession: (work) =>
      work(
        { db, cells: oneCell(db), lease, ids: createIdSource(lease.number, wallClock) },
        {} as Settings,
      ),
  });
  await run('list');
  expect(lines).toEqual([expect.stringMatching(/^home +DATABASE_URL +256 shards: 0-255$/)]);
  await run('check');
  expect(lines.at(-1)).toMatch(/^✓ home +sound$/);
  await expect(run('add', 'east')).rejects.toThrow('cells need PostgreSQL');
  await lease.release();
  await db.close();
});

describe.skipIf(!POSTGRES.isAvailable)('hutong cells on postgres', () => {
  const lines: string[] = [];
  let home: TestHome;
  let settings: Settings;
  let edge: EdgePlatform;
  let url: string;
  let run: (...argv: string[]) => Promise<void>;

  beforeAll(async () => {
    home = await POSTGRES.open({ cells: 0 });
    const read = readSettings({
      DATABASE_URL: home.url!,
      DATABASE_URL_WEST: `${home.url}?options=-csearch_path%3Dwest_there`,
    });
    if (!read.ok) throw new Error(read.error);
    settings = { ...read.value, lanes: 1 };
    edge = await openEdgePlatform({
      db: home.db,
      rateLimit: null,
      connectCell: (address) => connectCell(settings, address, () => undefined),
    });
    url = await edge.composed.server.listen({ port: 0, host: '127.0.0.1' });
    edge.composed.sweeper.start();
    run = programOf({
      print: (line) => void lines.push(line),
      inSession: async (work) => {
        const { map, addresses } = await readCells(home.db);
        const opened: Cell[] = [];
        for (const address of addresses)
          opened.push(await connectCell(settings, address, () => undefined));
        const holder = `${COMMAND_HOLDER}test`;
        const lease = await leaseProcess(home.db, systemRandom, () => undefined, { holder });
        try {
          const cells = createCells(home.db, map, opened);
          await work(
            { db: home.db, cells, lease, ids: createIdSource(lease.number, wallClock) },
            settings,
          );
        } finally {
          await lease.release();
          for (const { db } of opened) await db.close();
        }
      },
    });
  });
  afterAll(async () => {
    await edge?.close();
    for (const { name, db } of edge?.composed.platform.cells.everywhere ?? [])
      if (name !== 'home') await db.close();
    await home?.close();
  });

  const printed = async (...argv: string[]): Promise<string> => {
    lines.length = 0;
    await run(...argv).catch((error: unknown) => {
      throw new Error(`${String(error)}: ${lines.join('; ')}`);
    });
    return lines.join('\n');
  };
  const createIntent = async (orderNo: string): Promise<string> => {
    const { key, merchant } = edge.taobao;
    const answer = await call('POST', `${url}/v1/payment_intents`, {
      key,
      headers: { 'idempotency-key': orderNo },
      body: {
        ...{ merchant_order_no: orderNo, amount: 100, currency: 'cny', description: 'tea' },
        sub_orders: [{ merchant, amount: 100, description: 'tea' }],
        buyer: { id: 'b', device: 'desktop', ip: '203.0.113.9' },
        return_url: 'https://shop.example/done',
      },
    });
    expect(answer).toMatchObject({ status: 201 });
    return String(answer.body.id);
  };
  const isFollowed = (name: string): Promise<unknown> =>
    until(
      `the platform works in ${name}`,
      async () => edge.composed.platform.cells.everywhere.map((cell) => cell.name),
      (names) => names.includes(name),
    );

  test('what cannot be meant is refused, with what to do', async () => {
    await expect(run('add', 'East')).rejects.toThrow('cannot name a cell');
    await expect(run('add', 'home')).rejects.toThrow('cannot name a cell');
    await expect(run('add', 'east', '--schema', 'pg_x')).rejects.toThrow('cannot name a cell');
    await expect(run('add', 'east', '--url-setting', 'EAST')).rejects.toThrow('DATABASE_URL_EAST');
    await expect(run('add', 'east', '--url-setting', 'DATABASE_URL_NO')).rejects.toThrow(
      'DATABASE_URL_NO is not set',
    );
    await expect(run('move', '0-300', 'home')).rejects.toThrow('0 to 255');
    await expect(run('move', '9-3', 'home')).rejects.toThrow('0 to 255');
    await expect(run('move', '0-3', 'home')).rejects.toThrow('in home already');
    await expect(run('move', '0-3', 'east')).rejects.toThrow('no cell east; there are: home');
  });

  test('is added while a platform runs, takes shards, and gives them back', async () => {
    const before = await createIntent('before');
    expect(await printed('add', 'east')).toContain('east is a cell without shards');
    await isFollowed('east');
    const output = await printed('move', '0-127', 'east');
    expect(output).toMatch(/switched: 128 shards are in east, after a pause of \d+ ms/);
    expect(output).toContain('a mistake? hutong cells move 0-127 home');
    const list = await printed('list');
    expect(list).toMatch(/^home +DATABASE_URL +128 shards: 128-255$/m);
    expect(list).toMatch(/^east +DATABASE_URL, schema east +128 shards: 0-127$/m);
    const made = await Promise.all(Array.from({ length: 40 }, (_, n) => createIntent(`in-${n}`)));
    for (const id of [before, ...made]) {
      const { key } = edge.taobao;
      const answer = await call('GET', `${url}/v1/payment_intents/${id}`, { key });
      expect(answer.body.id).toBe(id);
    }
    expect(await printed('check')).toMatch(/✓ home +sound\n✓ east +sound/);
    await printed('move', '0-127', 'home');
    expect(await printed('check')).toMatch(/✓ home +sound\n✓ east +sound/);
    expect(await printed('list')).toMatch(/east .* no shards/);
  });

  test('a database of its own is one cell only', async () => {
    await home.db.script('create schema west_there');
    await printed('add', 'west', '--url-setting', 'DATABASE_URL_WEST');
    await isFollowed('west');
    await expect(run('add', 'again', '--url-setting', 'DATABASE_URL_WEST')).rejects.toThrow(
      'this is the cell west already',
    );
    await expect(run('add', 'west')).rejects.toThrow('there is a cell west already');
    expect(await printed('list')).toMatch(/west +DATABASE_URL_WEST +no shards/);
  });

  test('a target in which a running process does not work gets nothing', async () => {
    const other = await leaseProcess(home.db, systemRandom, () => undefined);
    // It takes five seconds: a process says which map it goes by with the renewal of its lease.
    await expect(run('move', '1', 'east')).rejects.toThrow(
      '1 running processes do not follow to east',
    );
    await other.release();
  });

  test('check names what is wrong', async () => {
    await home.db.script(`insert into east.due_backoffs values ('intent', 200, 1, 0, 1, 1);
      insert into east.ledger_balances
        (shard, marketplace, account, currency, slot, config, debit, credit)
        values (200, 1, 'x', 'cny', 0, 0, 1, 1);
      update east.cell_epoch set epoch = 77`);
    await expect(run('check')).rejects.toThrow('not every cell is sound');
    const text = lines.join('\n');
    expect(text).toMatch(/✗ east +its epoch is 77/);
    expect(text).toContain('ledger_balances has rows of shards that are elsewhere: 200');
  });
});
