/**
 * Shards move from cell to cell while payments go on; the mover is cut off wherever it stands. A
 * home with no shards and two cells, beside the city.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkCells } from '../../src/cli/cells-check.ts';
import { type Db, DbLost } from '../../src/database/db.ts';
import { moveShards } from '../../src/flows/cell/move.ts';
import { readCells } from '../../src/store/cell/map.ts';
import { readMoves } from '../../src/store/cell/moves.ts';
import type { Cell, Cells } from '../../src/store/cells.ts';
import type { Json } from '../helpers/api.ts';
import { testNote } from '../helpers/audit-note.ts';
import { ENGINES, type TestHome } from '../store/engines.ts';
import { openTestCells } from '../store/test-cells.ts';
import { openStage, paidOrder, refund, refunded, type Stage, WAYS } from './stage.ts';

const POSTGRES = ENGINES[1]!;
const BUYERS = 2;
/** How often a mover is cut off; HUTONG_MOVES=60 looks harder. */
const MOVES = Number(process.env.HUTONG_MOVES ?? '2');

function signal() {
  let give: () => void = () => undefined;
  const given = new Promise<void>((resolve) => {
    give = resolve;
  });
  return { given, give };
}

describe.skipIf(!POSTGRES.isAvailable)('moved shards', () => {
  let home: TestHome;
  let stage: Stage;
  /** Connections of an operator's own. */
  let cells: Cells;
  const printed: string[] = [];

  beforeAll(async () => {
    const open = async () => {
      home = await POSTGRES.open({ cells: 2, isPlain: true });
      return home;
    };
    stage = await openStage({ ...POSTGRES, open });
    cells = await openTestCells(home.url!);
  });
  afterAll(async () => {
    await cells?.close();
    await stage?.close();
  });

  const cellNamed = (name: string, from = cells): Cell =>
    from.everywhere.find((cell) => cell.name === name)!;
  const shardsOf = async (name: string): Promise<number[]> =>
    (await readCells(cells.home)).map.cellOf.flatMap((cell, shard) =>
      cell === name ? [shard] : [],
    );
  const move = async (shards: readonly number[], from: string, to: string, by = cells) => {
    return moveShards({
      ...{ home: by.home, source: cellNamed(from, by), target: cellNamed(to, by), shards },
      name: `mover-${Math.random()}`,
      print: (line) => void printed.push(line),
      note: testNote(null, 'cell.shards_moved'),
      nowMs: Date.now,
    });
  };
  const isSound = async (): Promise<void> => {
    const lines: string[] = [];
    const sound = await checkCells(cells, (line) => void lines.push(line));
    expect(lines.filter((line) => line.startsWith('✗'))).toEqual([]);
    expect(sound).toBe(true);
  };
  /** Orders paid and refunded in part by several buyers at once, until it is stopped. */
  const startLoad = () => {
    const paid: string[] = [];
    let isStopped = false;
    const buyer = async (index: number): Promise<void> => {
      for (let round = 0; !isStopped; round += 1) {
        const order = await paidOrder(stage, WAYS[(index + round) % 2 === 0 ? 0 : 5]!, [1_000]);
        paid.push(order.intent);
        if (round % 3 === 0) await refunded(stage, await refund(stage, order, 300));
      }
    };
    const buyers = Array.from({ length: BUYERS }, (_, index) => buyer(index));
    return {
      paid,
      stop: async () => {
        isStopped = true;
        await Promise.all(buyers);
      },
    };
  };
  const listed = async (): Promise<string[]> => {
    const ids: string[] = [];
    for (let after = ''; ; ) {
      const page = await stage.taobao.expect(200, 'GET', `/v1/payment_intents?limit=20${after}`);
      const data = page.data as Json[];
      ids.push(...data.map(({ id }) => String(id)));
      if (page.has_more !== true) return ids;
      after = `&starting_after=${ids.at(-1)}`;
    }
  };

  it('pays and refunds on while they move, loses nothing, and lists everything once', async () => {
    const load = startLoad();
    const pauses: (number | null)[] = [];
    const own = await shardsOf('c1');
    for (const [from, to] of [
      ['c1', 'home'],
      ['home', 'c1'],
    ] as const) {
      await sleep(1_000);
      pauses.push((await move(own, from, to)).pausedMs);
    }
    await sleep(1_000);
    await load.stop();
    expect(load.paid.length).toBeGreaterThan(3);
    const all = await listed();
    expect(new Set(all).size).toBe(all.length);
    expect(all).toEqual(expect.arrayContaining(load.paid));
    for (const id of load.paid) expect((await stage.taobao.getIntent(id)).status).toBe('succeeded');
    expect(await stage.taobao.ledgerProblems()).toEqual([]);
    await isSound();
    for (const pause of pauses) expect(pause).toBeLessThan(5_000);
  });

  it('goes on where it was cut off, at whatever step that was', async () => {
    const load = startLoad();
    let [from, to] = ['c1', 'c2'];
    const own = await shardsOf('c1');
    for (let round = 0; round < MOVES; round += 1) {
      // Most steps of a move are its first calls: each of them is as likely as many later ones.
      const dying = dyingAfter(Math.floor(3 * 150 ** ((round + Math.random()) / MOVES)));
      const isCutOff = await move(own, from, to, dying).then(
        () => false,
        (error: unknown) => error instanceof DbLost || String(error).includes('died'),
      );
      if (isCutOff) {
        await cells.home.script(`update cell_moves set renewed_at = renewed_at - interval '1 min'`);
        // A shard that was fenced is paid again before anybody has looked.
        await paidOrder(stage, WAYS[0]!, [1_000]);
        await move(own, from, to);
      }
      expect(await readMoves(cells.home)).toEqual([]);
      [from, to] = [to, from];
    }
    await load.stop();
    for (const id of load.paid) expect((await stage.taobao.getIntent(id)).status).toBe('succeeded');
    expect(await stage.taobao.ledgerProblems()).toEqual([]);
    await isSound();
  });

  it('writes nothing any more as a mover that stood still and was overtaken', async () => {
    const [from, to] = (await shardsOf('c1')).length > 0 ? ['c1', 'c2'] : ['c2', 'c1'];
    const own = await shardsOf(from);
    const paid = (await paidOrder(stage, WAYS[0]!, [1_000])).intent;
    const [gate, still] = [signal(), signal()];
    let left = 40;
    const wrapped = wrap(async (work) => {
      left -= 1;
      if (left < 0) {
        still.give();
        await gate.given;
      }
      return work();
    });
    const overtaken = move(own, from, to, wrapped).then(
      () => 'it moved them',
      (error: unknown) => String(error),
    );
    await still.given;
    await cells.home.script(`update cell_moves set renewed_at = renewed_at - interval '1 min'`);
    await move(own, from, to);
    gate.give();
    expect(await overtaken).toContain('another mover has taken this move over');
    expect((await stage.taobao.getIntent(paid)).status).toBe('succeeded');
    expect(await stage.taobao.ledgerProblems()).toEqual([]);
    await isSound();
  });

  it('shows balances once while two cells have the rows', async () => {
    const [from, to] = (await shardsOf('c1')).length > 0 ? ['c1', 'c2'] : ['c2', 'c1'];
    const own = await shardsOf(from);
    const before = await stage.taobao.expect(200, 'GET', '/v1/ledger/accounts?limit=100');
    const seen: unknown[] = [];
    let calls = 0;
    // It looks while rows are copied, while they stand in both, and while they are dropped.
    const looking = wrap(async (work) => {
      calls += 1;
      if (calls % 12 === 0)
        seen.push(await stage.taobao.expect(200, 'GET', '/v1/ledger/accounts?limit=100'));
      return work();
    });
    await move(own.slice(0, own.length / 2), from, to, looking);
    await move(own.slice(0, own.length / 2), to, from);
    expect(seen.length).toBeGreaterThan(5);
    for (const page of seen) expect(page).toEqual(before);
  });

  /** Dead after so many transactions and reads; the last of them is done, and not answered. */
  function dyingAfter(calls: number): Cells {
    let left = calls;
    return wrap(async (work) => {
      left -= 1;
      if (left >= 0) return work();
      if (left === -1) await work();
      throw new DbLost('the mover died', { commitUnknown: true });
    });
  }

  /** A mover's connections, with something around each transaction and read. */
  function wrap(around: <T>(work: () => Promise<T>) => Promise<T>): Cells {
    const wrapped = (db: Db): Db => ({
      ...{ kind: db.kind, laneCount: db.laneCount },
      transaction: (lane, work) => around(() => db.transaction(lane, work)),
      background: (work) => around(() => db.background(work)),
      read: (statement, values) => around(() => db.read(statement, values)),
      script: (text) => around(() => db.script(text)),
      close: async () => undefined,
    });
    const everywhere = cells.everywhere.map(({ name, db }) => ({ name, db: wrapped(db) }));
    return Object.create(cells, {
      home: { value: everywhere[0]!.db },
      everywhere: { value: everywhere },
    }) as Cells;
  }
});
