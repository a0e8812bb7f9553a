/** Every genuine message of a wallet that signs `a=1&b=2`, split in every other way: refused. */
import { expect, test } from 'vitest';
import {
  recutAll,
  withAlipay,
  withJdpay,
  withUnionpay,
  withWechatpay,
} from '../hostile/signed-messages.ts';

test.each([
  ['alipay', withAlipay, 2],
  ['unionpay', withUnionpay, 12],
  ['wechatpay', withWechatpay, 1],
  ['jdpay', withJdpay, 1],
] as const)(
  'S1: %s: every neighbour merge of a genuine message is refused',
  async (_name, open, count) => {
    const results = await open(recutAll);
    expect(results.flatMap(({ what, misses }) => misses.map((miss) => `${what}: ${miss}`))).toEqual(
      [],
    );
    expect(results.length).toBe(count);
    for (const { what, sent } of results) expect(sent, what).toBeGreaterThan(15);
  },
);
