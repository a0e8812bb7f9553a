/**
 * A payment code that its buyer confirms at the moment of its reversal: between query and reversal
 * money may move, and be refunded. It is booked if the revoked order shows it, and marked for the
 * bill if it does not.
 */
import { expect, it } from 'vitest';
import type { AttemptReference } from '../../core/wallet/order.ts';
import { type LegReport, silentReport } from '../../core/wallet/report.ts';
import { ok } from '../../kernel/result.ts';
import { readOrderQuery } from './answer-v2.ts';
import { type CodepayApi, reverseCodepay } from './codepay.ts';

const ATTEMPT: AttemptReference = {
  ...{ product: 'codepay', combineOrderNo: null, createdAtMs: 1, expiresAtMs: 2 },
  legs: [{ orderNo: 'N1', walletMerchant: 'm', amountFen: 1_000n, description: 'd' }],
};
const PAID: LegReport = {
  ...silentReport('N1', 'succeeded'),
  ...{ walletTransactionId: '4200', amountFen: 1_000n, currency: 'cny', paidAtMs: 3 },
};

/** An order that its buyer confirms at one of the seams of a reversal, or never. */
function orderAt(paidAt: 'before_look' | 'before_reversal' | 'never', showsRevoked: boolean) {
  let state: 'waiting' | 'paid' | 'revoked' = paidAt === 'before_look' ? 'paid' : 'waiting';
  let wasPaid = state === 'paid';
  const calls: string[] = [];
  const reportNow = (): LegReport => {
    if (state === 'waiting') return silentReport('N1', 'pending');
    if (state === 'paid') return PAID;
    return wasPaid && showsRevoked
      ? { ...PAID, status: 'closed', isReversed: true }
      : { ...silentReport('N1', 'closed'), isUnseen: true };
  };
  const api: CodepayApi = {
    start: async () => ({ outcome: 'unknown', walletError: null }),
    query: async () => {
      calls.push('query');
      return ok(reportNow());
    },
    reverse: async () => {
      calls.push('reverse');
      if (paidAt === 'before_reversal') wasPaid = true;
      state = 'revoked';
      return ok('done');
    },
  };
  return { api, calls };
}

it('D6: paid before the query, it is refunded with the figures of the query', async () => {
  const { api, calls } = orderAt('before_look', false);
  const outcome = await reverseCodepay(api, ATTEMPT);
  expect(outcome).toMatchObject({ outcome: 'reversed', legs: [{ amountFen: 1_000n }] });
  expect(calls).toEqual(['query', 'reverse']);
});

it('D6: confirmed between query and reversal, and shown by the revoked order, it is booked', async () => {
  const { api, calls } = orderAt('before_reversal', true);
  const outcome = await reverseCodepay(api, ATTEMPT);
  expect(outcome).toMatchObject({
    outcome: 'reversed',
    legs: [{ amountFen: 1_000n, walletTransactionId: '4200', isReversed: true }],
  });
  expect(calls).toEqual(['query', 'reverse', 'query']);
});

it('D6: if the revoked order shows nothing, it is marked for the bill', async () => {
  for (const paidAt of ['before_reversal', 'never'] as const) {
    const { api } = orderAt(paidAt, false);
    expect(await reverseCodepay(api, ATTEMPT)).toEqual({ outcome: 'closed', isUnseen: true });
  }
});

it('D6: revoked by a call whose answer was lost, it is marked for the bill as well', async () => {
  const { api } = orderAt('before_reversal', false);
  await api.reverse(ATTEMPT);
  expect(await reverseCodepay(api, ATTEMPT)).toEqual({ outcome: 'closed', isUnseen: true });
});

it('D6: still called paid after its reversal, it is asked about again, not taken for unpaid', async () => {
  const { api } = orderAt('never', false);
  const answers = [silentReport('N1', 'pending'), PAID];
  const slow: CodepayApi = { ...api, query: async () => ok(answers.shift()!) };
  expect(await reverseCodepay(slow, ATTEMPT)).toMatchObject({ outcome: 'unknown' });
});

it('D6: a revoked order without figures is reported as unknown', () => {
  const revoked = { out_trade_no: 'N1', trade_state: 'REVOKED' };
  const [leg] = ATTEMPT.legs;
  const said = (more: object) =>
    readOrderQuery(leg!, new Map(Object.entries({ ...revoked, ...more })));
  expect(said({})).toMatchObject({ status: 'closed', isUnseen: true });
  const paid = said({ transaction_id: '4200', total_fee: '1000' });
  expect(paid).toMatchObject({ status: 'closed', isReversed: true, amountFen: 1_000n });
});
