/**
 * A wallet that refuses the marketplace itself (another account's key under this account's number,
 * against the city's own verification) is distinguished from one that refuses an order, in every
 * wallet and for every call. No money decision depends on it: what fails, fails as before.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ProductCapability } from '../../src/core/wallet/capabilities.ts';
import type { WalletName } from '../../src/kernel/wallet-names.ts';
import { WALLETS } from '../../src/wallets/registry.ts';
import type { Wallet } from '../../src/wallets/wallet.ts';
import {
  type Bench,
  type ContractStage,
  isPresented,
  openContractStage,
  orderOf,
  paidOrder,
  refundOf,
  rowOf,
  seamsOf,
  show,
} from './wallets/stage.ts';

type Credentials = Readonly<Record<string, unknown>>;

/** This account, signing with what is another's. */
const WRONG: Readonly<Record<WalletName, (own: Credentials, other: Credentials) => Credentials>> = {
  wechatpay: (own, { serialNo }) => ({ ...own, serialNo }),
  alipay: (own, { privateKey }) => ({ ...own, privateKey }),
  unionpay: (own, { signing }) => ({ ...own, signing }),
  jdpay: (own, other) => {
    const { privateKey } = other.online as Credentials;
    return { ...own, online: { ...(own.online as Credentials), privateKey } };
  },
};
/** Started by a call to the wallet, without a payer. */
const CALLED = { wechatpay: 'native', alipay: 'precreate', unionpay: 'qr', jdpay: 'qr' } as const;

let stage: ContractStage;
beforeAll(async () => {
  stage = await openContractStage();
});
afterAll(() => stage.close());

for (const name of WALLETS.keys()) {
  describe(name, () => {
    let bench: Bench;
    let refused: Wallet;
    let row: ProductCapability;
    const open = (credentials: Credentials): Wallet => {
      const opened = bench.module.open(credentials, seamsOf(bench.city));
      if (!opened.ok) throw new Error(`${opened.error.field} ${opened.error.message}`);
      return opened.value;
    };
    beforeAll(() => {
      const found = stage.benches.get(name);
      const other = stage.foreign.get(name);
      const called = found?.module.capabilities.products.find(
        ({ product }) => product === CALLED[name],
      );
      if (found === undefined || other === undefined || called === undefined)
        throw new Error(`${name} has no bench, no other account or no such product`);
      bench = found;
      row = called;
      refused = open(WRONG[name](bench.credentials, other));
    });

    test('a start is refused for our own credentials, and nothing came of it', async () => {
      const order = await orderOf(bench, row);
      const started = await refused.startAttempt(order);
      expect(started, show(started)).toMatchObject({
        outcome: 'failed',
        walletError: { wallet: name, isMisconfigured: true },
      });
      expect(rowOf(bench, order)).toBeUndefined();
    });

    test('a query and a refund too, and both stay open where they did', async () => {
      const paid = await paidOrder(bench, row);
      const asked = await refused.queryAttempt(paid);
      const isMisconfigured = true;
      expect(asked, show(asked)).toMatchObject({
        outcome: 'unknown',
        walletError: { isMisconfigured },
      });
      const known = await bench.wallet.queryAttempt(paid);
      const leg = known.outcome === 'answered' ? known.legs[0] : undefined;
      const refund = refundOf(bench, paid, 100n, leg?.walletTransactionId ?? null);
      const sent = await refused.refund(refund);
      expect(sent.walletError, show(sent)).toMatchObject({ isMisconfigured });
      expect(sent.status).not.toBe('succeeded');
      const waits = await refused.queryRefund(refund);
      expect(waits, show(waits)).toMatchObject({
        status: 'unknown',
        walletError: { isMisconfigured },
      });
    });

    test('an order that is refused is not our credentials', async () => {
      const order = await orderOf(bench, row, { amountFen: 0n });
      const started = await bench.wallet.startAttempt(order);
      const error = 'walletError' in started ? started.walletError : undefined;
      expect(error, show(started)).toMatchObject({ wallet: name });
      expect(error).not.toHaveProperty('isMisconfigured');
      for (const shown of bench.module.capabilities.products.filter(isPresented)) {
        if (shown.payerField !== 'auth_code') continue;
        const never = await orderOf(bench, shown);
        const authCode = never.payer.authCode?.replace(/\d{4}$/, '0000') ?? '';
        const made = await bench.wallet.startAttempt({ ...never, payer: { authCode } });
        expect(made.outcome, show(made)).toBe('failed');
        expect(made).not.toHaveProperty('walletError.isMisconfigured');
      }
    });
  });
}

test('alipay: an application it does not know is refused unsigned, which fails nothing', async () => {
  const bench = stage.benches.get('alipay');
  const row = bench?.module.capabilities.products.find(({ product }) => product === 'precreate');
  if (bench === undefined || row === undefined) throw new Error('the city has no Alipay');
  const credentials = { ...bench.credentials, appId: '2021000000000000' };
  const opened = bench.module.open(credentials, seamsOf(bench.city));
  if (!opened.ok) throw new Error(opened.error.message);
  const started = await opened.value.startAttempt(await orderOf(bench, row));
  expect(started, show(started)).toMatchObject({
    outcome: 'unknown',
    walletError: { code: 'isv.invalid-app-id', isMisconfigured: true },
  });
});

test('wechatpay: a permission that is not opened is refused as ours', async () => {
  const bench = stage.benches.get('wechatpay');
  const row = bench?.module.capabilities.products.find(({ product }) => product === 'native');
  if (bench === undefined || row === undefined) throw new Error('the city has no WeChat Pay');
  const order = await orderOf(bench, row);
  const [leg] = order.legs;
  const legs = [{ ...leg!, walletMerchant: '1699999999' }];
  const started = await bench.wallet.startAttempt({ ...order, legs });
  expect(started, show(started)).toMatchObject({
    outcome: 'failed',
    walletError: { code: 'NO_AUTH', isMisconfigured: true },
  });
});
