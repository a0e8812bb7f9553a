/**
 * An order that is long overdue while its wallet reports nothing: an operator is alerted once an
 * hour, and never about an order whose outcome the wallet has just reported (rule 2).
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Json } from '../helpers/api.ts';
import { ENGINES } from '../store/engines.ts';
import { type Order, openStage, type Stage, startOrder, WAYS } from './stage.ts';

const engine = ENGINES.find((one) => one.isAvailable)!;
const MINUTE = 60;
/** Between two looks at an order that is being closed, in the end. */
const LOOK = 5 * MINUTE;
const LOOKS_AN_HOUR = 12;
const WAY = WAYS.find(({ wallet, product }) => wallet === 'alipay' && product === 'precreate')!;

describe(`an order that is long over, on ${engine.name}`, () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage(engine);
  });
  afterAll(async () => {
    await stage?.close();
  });
  beforeEach(() => stage.sandbox.clearFaults());

  const warningsOf = ({ attempt }: Order): string[] =>
    stage.platform
      .logText()
      .split('\n')
      .filter((line) => line.includes('is long over') && line.includes(String(attempt.id)));

  const statusOf = async (order: Order): Promise<unknown> => {
    const { attempts } = await stage.taobao.getIntent(order.intent);
    const rows = (attempts as Json).data as Json[];
    return rows.find(({ id }) => id === order.attempt.id)?.status;
  };

  const triesOf = async (order: Order): Promise<number> => {
    const text =
      'select id, tries from payment_attempts where wallet = $1 order by created_at desc';
    const [row] = await stage.db.read({ name: 'contract_tries', text }, [order.attempt.wallet]);
    return Number(row?.tries);
  };

  /** Its code was never scanned; from here on Alipay answers nothing, for two hours and more. */
  const longOver = async (): Promise<Order> => {
    const order = await startOrder(stage, WAY, [700]);
    for (const operation of ['close', 'query']) {
      const match = { operation };
      await stage.sandbox.fault('answer_lost', { wallet: 'alipay', match, times: 100_000 });
    }
    const endsAt = new Date(String(order.attempt.expires_at)).getTime();
    const isDue = () => stage.platform.clock.nowMs() > endsAt + 66 * MINUTE * 1_000;
    while (!isDue()) await stage.sandbox.advance(LOOK);
    return order;
  };

  it('is logged once an hour while its outcome is unknown', async () => {
    const order = await longOver();
    const before = warningsOf(order).length;
    for (let look = 0; look < 2 * LOOKS_AN_HOUR; look += 1) await stage.sandbox.advance(LOOK);
    expect(warningsOf(order).length - before).toBe(2);
    expect(['pending', 'unknown']).toContain(await statusOf(order));
  });

  it('is not logged when that poll returned the wallet’s report', async () => {
    const order = await longOver();
    const isNext = async () => ((await triesOf(order)) + 1) % LOOKS_AN_HOUR === 0;
    for (let look = 0; look < LOOKS_AN_HOUR && !(await isNext()); look += 1) {
      await stage.sandbox.advance(LOOK);
    }
    expect(await isNext(), 'the next poll would log it').toBe(true);
    const before = warningsOf(order).length;
    await stage.sandbox.clearFaults();
    await stage.sandbox.advance(LOOK);
    expect(await statusOf(order)).toBe('closed');
    expect(warningsOf(order).length).toBe(before);
    for (let look = 0; look < LOOKS_AN_HOUR; look += 1) await stage.sandbox.advance(LOOK);
    expect(warningsOf(order).length).toBe(before);
  });
});
