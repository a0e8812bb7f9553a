import { describe, expect, it } from 'vitest';
import { formatId } from '../../kernel/id.ts';
import type { WalletIdentity } from '../../kernel/wallet-names.ts';
import { type KnownConfig, planConfig } from './config.ts';

const known = (
  number: number,
  identity: WalletIdentity | null,
  status: KnownConfig['status'] = 'active',
): KnownConfig => ({ id: formatId('wallet_config', BigInt(number)), identity, status });

const replace = { keepsActive: false };
const FIRST = { mchid: '1900000109', appid: 'wx0000000000000001' };

describe('what credentials do to the configurations of a wallet', () => {
  const first = known(1, FIRST);

  it('D2: the same account is renewed, whatever other accounts exist', () => {
    const retiring = known(2, { mchid: '1900000110', appid: FIRST.appid }, 'retiring');
    expect(planConfig([first, retiring], FIRST, replace)).toEqual({ renews: first, retires: [] });
    const again = planConfig([first, retiring], retiring.identity!, replace);
    expect(again).toEqual({ renews: retiring, retires: [] });
  });

  it.each([
    ['another merchant number', { ...FIRST, mchid: '1900000110' }],
    ['another app of the same merchant', { ...FIRST, appid: 'wx0000000000000002' }],
  ])('D2: %s is a configuration beside it, and the active ones retire', (_, identity) => {
    const paused = known(3, { mchid: '1900000111', appid: FIRST.appid }, 'paused');
    const plan = planConfig([first, paused], identity, replace);
    expect(plan).toEqual({ renews: null, retires: [first] });
    expect(planConfig([first], identity, { keepsActive: true }).retires).toEqual([]);
  });

  it('D2: what is not known to be the same account is another one', () => {
    const unread = known(1, null);
    expect(planConfig([unread], FIRST, replace)).toEqual({ renews: null, retires: [unread] });
  });

  it('D2: a number that the wallet opened later may come to it, none may leave it or change', () => {
    const one = known(1, { merchant: '110000001' });
    const two = { merchant: '110000001', payment_code_merchant: '110000002' };
    expect(planConfig([one], two, replace).renews).toBe(one);
    const grown = known(1, two);
    expect(planConfig([grown], one.identity!, replace).renews).toBeNull();
    expect(
      planConfig([grown], { ...two, payment_code_merchant: '110000003' }, replace).renews,
    ).toBeNull();
    // The one that has both numbers already is meant, not the one that could grow to it.
    expect(planConfig([one, known(2, two)], two, replace).renews?.id).toBe(known(2, two).id);
  });
});
