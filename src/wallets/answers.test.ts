/** What adapters share, and what `defineWallet` makes of their parts. */
import { Type } from 'typebox';
import { describe, expect, test } from 'vitest';
import { isOwnError, silentReport } from '../core/wallet/report.ts';
import { notSent, onlyLeg, plainText, queryOutcome, refuseWithFail } from './answers.ts';
import { checkCredentials } from './credentials.ts';
import { capabilities } from './jdpay/capabilities.ts';
import { defineWallet } from './wallet.ts';

const leg = { orderNo: 'PL1', walletMerchant: 'M', amountFen: 1n, description: 'x' };

test('a refusal of ours is distinguishable from a wallet’s', () => {
  const refused = notSent('jdpay', 'payer_missing', 'bar needs auth_code');
  const walletError = refused.outcome === 'failed' ? refused.walletError : undefined;
  expect(walletError).toMatchObject({ wallet: 'jdpay', code: 'hutong.payer_missing' });
  expect(walletError !== undefined && isOwnError(walletError)).toBe(true);
  expect(
    isOwnError({ wallet: 'wechatpay', code: 'PARAM_ERROR', message: '', requestId: null }),
  ).toBe(false);
});

test('callbacks: too many is 429, later is 503, everything else 400', () => {
  expect(refuseWithFail({ code: 'too_many' })).toEqual(plainText(429, 'fail'));
  expect(refuseWithFail({ code: 'try_again' }).status).toBe(503);
  expect(refuseWithFail({ code: 'bad_signature' }).status).toBe(400);
});

test('one leg is one leg', () => {
  expect(onlyLeg({ legs: [leg] })).toBe(leg);
  expect(onlyLeg({ legs: [leg, leg] })).toBeUndefined();
  expect(onlyLeg({ legs: [] })).toBeUndefined();
});

test('a query that said nothing is unknown as a whole', () => {
  const silent = silentReport('PL1', 'unknown');
  expect(queryOutcome([silent], null)).toEqual({ outcome: 'unknown', walletError: null });
  const reported = { ...silent, amountFen: 0n };
  expect(queryOutcome([silent, reported], null)).toEqual({
    outcome: 'answered',
    legs: [silent, reported],
  });
});

describe('defineWallet', () => {
  const schema = Type.Object({ number: Type.String({ minLength: 1 }), address: Type.String() });
  const opened: unknown[] = [];
  const wallet = defineWallet({
    name: 'jdpay',
    capabilities,
    notificationBytesMax: 1,
    configSchema: schema,
    openConfig: (credentials) => checkCredentials(schema, credentials),
    identityOf: ({ number }) => ({ number }),
    merchantSchema: Type.String(),
    endpointsOf: ({ address }) => ({ address }),
    liveEndpoints: { address: 'https://pay.example' },
    testDomains: ['sandbox.example'],
    open: (config) => {
      opened.push(config);
      throw new Error('not opened in this test');
    },
  });
  const seams = {} as Parameters<typeof wallet.open>[1];

  test('names the first field that is wrong, and opens nothing', () => {
    expect(wallet.open({ number: '', address: 'x' }, seams)).toMatchObject({
      ok: false,
      error: { field: 'number' },
    });
    expect(opened).toEqual([]);
  });

  test('is live unless every address is a test’s; unreadable credentials are live', () => {
    const at = (address: string) => wallet.isLivemode({ number: '1', address });
    expect(at('https://pay.example')).toBe(true);
    expect(at('https://gateway.sandbox.example/x')).toBe(false);
    expect(at('http://127.0.0.1:4100')).toBe(false);
    expect(wallet.isLivemode({})).toBe(true);
  });

  test('has an identity only of credentials of its schema, and no advice of its own', () => {
    expect(wallet.identityOf({ number: '1', address: 'x' })).toEqual({ number: '1' });
    expect(wallet.identityOf({ number: 1 })).toBeUndefined();
    expect(wallet.advise({ number: '1', address: 'x' })).toEqual([]);
  });
});
