/**
 * Statements that travel together, on both engines: whatever fails, wherever, a transaction is all
 * or nothing, rejects with its first error, and its connection serves the next one.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Db, Statement } from '../../src/database/db.ts';
import { ENGINES, type TestHome } from './engines.ts';

const RUNS = 150;

/** What a statement does, and the error that it is refused with. */
const KINDS = {
  insert: { text: 'insert into kept (id) values ($1::int) returning id', sqlState: null },
  read: { text: 'select count(*) as n from kept where id = $1::int', sqlState: null },
  repeat: { text: 'insert into kept (id) values (0 * $1::int)', sqlState: '23505' },
  divide: { text: 'select 1 / (0 * $1::int)', sqlState: '22012' },
  misspell: { text: 'select no_such_column from kept where id = $1::int', sqlState: '42703' },
  unparsed: { text: 'selekt $1::int', sqlState: '42601' },
} as const;

interface Step {
  readonly kind: keyof typeof KINDS;
  /** Of few names each: some are prepared already, others are not, or failed at their first use. */
  readonly variant: number;
  readonly isAwaited: boolean;
}

const step = fc.record({
  kind: fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom<Step['kind']>('insert', 'read') },
    {
      weight: 1,
      arbitrary: fc.constantFrom<Step['kind']>('repeat', 'divide', 'misspell', 'unparsed'),
    },
  ),
  variant: fc.nat({ max: 3 }),
  isAwaited: fc.boolean(),
});

const statementOf = ({ kind, variant }: Step): Statement => ({
  name: `exchange.${kind}.${variant}`,
  text: `${KINDS[kind].text} /* ${variant} */`,
});

for (const engine of ENGINES) {
  describe.skipIf(!engine.isAvailable)(`an exchange on ${engine.name}`, () => {
    let home: TestHome;
    let db: Db;
    let lastId = 0;
    beforeAll(async () => {
      home = await engine.open({ isMigrated: false });
      db = home.db;
      await db.script('create table kept (id int primary key); insert into kept values (0)');
    });
    afterAll(() => home.close());

    async function run(steps: readonly Step[]): Promise<readonly number[]> {
      const ids: number[] = [];
      await db.transaction(0, async (session) => {
        for (const one of steps) {
          lastId += 1;
          if (one.kind === 'insert') ids.push(lastId);
          const sent = session.run(statementOf(one), [lastId]);
          if (one.isAwaited) expect(await sent).toHaveLength(1);
        }
      });
      return ids;
    }

    test('property: all or nothing, with the first error, and the next transaction passes', async () => {
      const count: Statement = { name: 'exchange.count', text: 'select count(*) as n from kept' };
      const rows = async () => Number((await db.read(count, []))[0]?.n);
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
          const before = await rows();
          const failing = steps.find(({ kind }) => KINDS[kind].sqlState !== null);
          const running = run(steps);
          if (failing === undefined) {
            await running;
            const inserted = steps.filter(({ kind }) => kind === 'insert').length;
            expect(await rows()).toBe(before + inserted);
          } else {
            const { sqlState } = KINDS[failing.kind];
            await expect(running).rejects.toMatchObject({ sqlState });
            expect(await rows()).toBe(before);
          }
          expect(await run([{ kind: 'insert', variant: 0, isAwaited: true }])).toHaveLength(1);
        }),
        { numRuns: RUNS },
      );
    });

    test('work that throws beside a statement that fails leaves its connection in use', async () => {
      const losses = () => db.transaction(0, async (session) => session.losses);
      const before = await losses();
      const running = db.transaction(0, async (session) => {
        session.run(statementOf({ kind: 'divide', variant: 0, isAwaited: false }), [1]);
        throw new RangeError('no');
      });
      await expect(running).rejects.toBeInstanceOf(RangeError);
      expect(await run([{ kind: 'insert', variant: 0, isAwaited: true }])).toHaveLength(1);
      expect(await losses()).toBe(before);
    });

    test('what cannot be sent is not committed without, though nobody awaits it', async () => {
      const insert = statementOf({ kind: 'insert', variant: 0, isAwaited: false });
      const running = db.transaction(0, async (session) => {
        await session.run(insert, [2_000_000]);
        session.run(insert, [new Date(0)]);
      });
      await expect(running).rejects.toThrow('a parameter is a scalar or encoded');
      const count: Statement = { name: 'exchange.find', text: 'select 1 from kept where id = $1' };
      expect(await db.read(count, [2_000_000])).toEqual([]);
    });

    test('reads that are sent together fail each by itself', async () => {
      const kinds = ['read', 'divide', 'read', 'misspell', 'read'] as const;
      const outcomes = await Promise.allSettled(
        kinds.map((kind, variant) =>
          db.read(statementOf({ kind, variant, isAwaited: true }), [1_000_000]),
        ),
      );
      expect(outcomes.map(({ status }) => status)).toEqual([
        'fulfilled',
        'rejected',
        'fulfilled',
        'rejected',
        'fulfilled',
      ]);
    });
  });
}
