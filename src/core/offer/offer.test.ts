import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatId, type Id } from '../../kernel/id.ts';
import {
  ANNOUNCED_PAIRS,
  type InterconnectPair,
  mayScan,
  payersOf,
} from '../../kernel/interconnect.ts';
import { DEVICES, WALLET_NAMES, type WalletName } from '../../kernel/wallet-names.ts';
import type { WalletAccount } from '../merchant/merchant.ts';
import {
  canPayAcross,
  configOf,
  type OfferableConfig,
  type OfferQuestion,
  offersFor,
} from './offer.ts';

const merchant = (number: number): Id<'merchant'> => formatId('merchant', BigInt(number));

const CONFIG = formatId('wallet_config', 1n);

const account = (
  number: number,
  wallet: WalletName,
  more: Partial<WalletAccount> = {},
): WalletAccount => ({
  id: formatId('wallet_account', BigInt(number)),
  marketplace: formatId('marketplace', 1n),
  merchant: merchant(number),
  wallet,
  walletMerchant: `w${number}`,
  config: CONFIG,
  status: 'active',
  consentedAtMs: 1,
  feeBps: 60,
  ...more,
});

const config = (more: Partial<OfferableConfig> = {}): OfferableConfig => ({
  id: CONFIG,
  isActive: true,
  hasCartContract: true,
  hasOwnMerchant: true,
  acceptsDirectSettlement: false,
  isHealthy: true,
  isLivemode: false,
  ...more,
});

const wallet = (
  name: WalletName,
  more: Partial<OfferableConfig> = {},
): OfferQuestion['wallets'][number] => ({
  wallet: name,
  products: [
    {
      ...{ product: 'native', devices: ['desktop'], combines: true, payerField: null },
      isScanned: true,
    },
    { product: 'jsapi', devices: ['wechat', 'mobile'], combines: false, payerField: 'openid' },
    { product: 'wap', devices: ['mobile'], combines: true, payerField: null },
  ],
  custody: 'wallet_holds',
  splitCapBps: name === 'alipay' ? 3_000 : 0,
  cart: {
    ...{ kind: 'combine', legCountMax: 3, needsContract: name === 'alipay' },
    ...{ atomic: true, expiryMsMax: null },
  },
  configs: [config(more)],
});

const question = (more: Partial<OfferQuestion> = {}): OfferQuestion => ({
  intent: formatId('payment_intent', 7n),
  merchants: [merchant(1)],
  merchantsBeyond: () => [],
  accounts: [1, 2, 3, 4].flatMap((number) => [
    account(number, 'wechatpay'),
    account(number, 'alipay'),
  ]),
  wallets: [wallet('wechatpay'), wallet('alipay')],
  device: 'desktop',
  ignoresHealth: false,
  interconnects: [],
  isLivemode: null,
  ...more,
});

/** Of one wallet: why it, or its product, is withheld. */
const why = (asked: OfferQuestion, name: WalletName, product: string | null = null) =>
  offersFor(asked).withheld.find((row) => row.wallet === name && row.product === product)?.reason;

const without = (name: WalletName, change: Partial<WalletAccount> | null): WalletAccount[] =>
  question().accounts.flatMap((row) => {
    if (row.wallet !== name || row.merchant !== merchant(2)) return [row];
    return change === null ? [] : [{ ...row, ...change }];
  });

const cart = [merchant(1), merchant(2)];

describe('withholding', () => {
  it.each([
    ['merchant_not_onboarded', question({ merchants: cart, accounts: without('alipay', null) })],
    [
      'merchant_not_onboarded',
      question({ merchants: cart, accounts: without('alipay', { status: 'paused' }) }),
    ],
    [
      'merchant_not_consented',
      question({ merchants: cart, accounts: without('alipay', { consentedAtMs: null }) }),
    ],
    ['cart_too_large', question({ merchants: [1, 2, 3, 4].map(merchant) })],
    [
      'wallet_not_configured',
      question({ wallets: [wallet('wechatpay'), wallet('alipay', { isActive: false })] }),
    ],
    [
      'wallet_unhealthy',
      question({ wallets: [wallet('wechatpay'), wallet('alipay', { isHealthy: false })] }),
    ],
  ] as const)('%s', (reason, asked) => {
    expect(why(asked, 'alipay')).toBe(reason);
    const isOffered = offersFor(asked).offered.some((row) => row.wallet === 'alipay');
    expect(isOffered).toBe(false);
  });

  it('pays a cart in one leg only where the marketplace has a number of its own there', () => {
    const own = wallet('wechatpay').cart;
    const cart = { ...own, kind: 'split' } as const;
    const merchants = [merchant(1), merchant(2)];
    const reasons = (hasOwnMerchant: boolean) =>
      offersFor(
        question({ merchants, wallets: [{ ...wallet('wechatpay', { hasOwnMerchant }), cart }] }),
      )
        .withheld.filter((row) => row.product === 'native')
        .map((row) => row.reason);
    expect(reasons(true)).toEqual([]);
    expect(reasons(false)).toEqual(['cart_not_combinable']);
  });

  it('withholds a wallet that settles directly until the marketplace has agreed', () => {
    const custody = 'settles_directly';
    const asked = (acceptsDirectSettlement: boolean) =>
      offersFor(
        question({ wallets: [{ ...wallet('wechatpay', { acceptsDirectSettlement }), custody }] }),
      );
    expect(asked(false).withheld).toMatchObject([{ reason: 'direct_settlement_not_accepted' }]);
    expect(asked(false).offered).toEqual([]);
    expect(asked(true).offered.length).toBeGreaterThan(0);
  });

  it('checks each product separately', () => {
    const onMobile = question({ device: 'mobile', merchants: cart });
    expect(why(onMobile, 'wechatpay', 'native')).toBe('device_unsupported');
    expect(why(onMobile, 'wechatpay', 'jsapi')).toBe('cart_not_combinable');
    const wallets = [wallet('alipay', { hasCartContract: false })];
    expect(why(question({ merchants: cart, wallets }), 'alipay', 'native')).toBe(
      'cart_not_combinable',
    );
  });

  it('counts a merchant once, however many sub_orders it has', () => {
    const asked = question({ merchants: [merchant(1), merchant(1)], device: 'wechat' });
    expect(offersFor(asked).offered.every((row) => !row.combined)).toBe(true);
    expect(offersFor(asked).offered.length).toBeGreaterThan(0);
  });

  it('tries a wallet that is not well when it is asked for by name', () => {
    const wallets = [wallet('alipay', { isHealthy: false })];
    const asked = question({ wallets, ignoresHealth: true });
    expect(offersFor(asked).offered).toHaveLength(1);
  });
});

const across = (asked: OfferQuestion) =>
  offersFor(asked).offered.filter((row) => row.payerWallet !== row.wallet);

describe('interconnection', () => {
  const asked = question({ interconnects: ANNOUNCED_PAIRS });

  it('rule 10: a wallet without an account of the merchants is offered by another’s code', () => {
    const accounts = asked.accounts.filter((row) => row.wallet === 'wechatpay');
    expect(across({ ...asked, accounts })).toEqual(
      expect.arrayContaining([
        {
          ...{ wallet: 'wechatpay', product: 'native', payerWallet: 'unionpay' },
          ...{ combined: false, needsPayer: false },
        },
        expect.objectContaining({ wallet: 'wechatpay', payerWallet: 'jdpay' }),
      ]),
    );
    expect(across({ ...asked, accounts })).toHaveLength(2);
    expect(across({ ...asked, accounts, interconnects: [] })).toEqual([]);
  });

  it('offers every acceptor that the pair and the merchants allow', () => {
    const own = across(asked).filter((row) => row.payerWallet === 'unionpay');
    expect(own.map((row) => row.wallet).sort()).toEqual(['alipay', 'wechatpay']);
  });

  it('pays combined carts by the combined code', () => {
    const combined = across({ ...asked, merchants: cart });
    expect(combined.length).toBeGreaterThan(0);
    expect(combined.every((row) => row.combined)).toBe(true);
  });

  it('a wallet that is offered itself needs no other code', () => {
    const wallets = [...asked.wallets, wallet('unionpay')];
    const accounts = [...asked.accounts, account(1, 'unionpay')];
    const rows = across({ ...asked, wallets, accounts });
    expect(rows.map((row) => row.payerWallet)).not.toContain('unionpay');
  });

  it('a withheld wallet says why, and through whom it pays nevertheless', () => {
    const wallets = [...asked.wallets, wallet('unionpay')];
    const { withheld } = offersFor({ ...asked, wallets });
    const row = withheld.find((one) => one.wallet === 'unionpay');
    expect(row?.reason).toBe('merchant_not_onboarded');
    expect([...(row?.reachedThrough ?? [])].sort()).toEqual(['alipay', 'wechatpay']);
    const alone = offersFor({ ...asked, wallets, interconnects: [] }).withheld;
    expect(alone.find((one) => one.wallet === 'unionpay')?.reachedThrough).toEqual([]);
  });

  it('needs a code that can be scanned, on a device that shows it', () => {
    expect(across({ ...asked, device: 'mobile' })).toEqual([]);
    const wallets = asked.wallets.map((row) => ({
      ...row,
      products: row.products.map((product) => ({ ...product, isScanned: false })),
    }));
    expect(across({ ...asked, wallets })).toEqual([]);
    const jsapi = { wallet: 'wechatpay', product: 'jsapi', payerWallet: 'unionpay' } as const;
    const native = { ...jsapi, product: 'native' } as const;
    expect(canPayAcross(asked, jsapi)).toBe(false);
    expect(canPayAcross(asked, native)).toBe(true);
    expect(canPayAcross({ ...asked, interconnects: [] }, native)).toBe(false);
  });

  it('knows who may scan whose codes', () => {
    expect(payersOf(ANNOUNCED_PAIRS, 'wechatpay')).toEqual(['wechatpay', 'unionpay', 'jdpay']);
    expect(payersOf(ANNOUNCED_PAIRS, 'alipay')).toEqual(['alipay', 'unionpay']);
    expect(payersOf([], 'alipay')).toEqual(['alipay']);
    expect(mayScan(ANNOUNCED_PAIRS, { payer: 'wechatpay', acceptor: 'unionpay' })).toBe(false);
  });
});

const PAIRS: readonly InterconnectPair[] = WALLET_NAMES.flatMap((payer) =>
  WALLET_NAMES.filter((acceptor) => acceptor !== payer).map((acceptor) => ({ payer, acceptor })),
);

describe('rules', () => {
  const accounts = fc.array(
    fc.record({
      merchant: fc.integer({ min: 1, max: 4 }),
      wallet: fc.constantFrom<WalletName>('wechatpay', 'alipay'),
      status: fc.constantFrom<WalletAccount['status']>('active', 'paused'),
      consentedAtMs: fc.constantFrom(null, 1),
    }),
    { maxLength: 8 },
  );
  const asked = fc
    .record({
      accounts,
      merchants: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 5 }),
      interconnects: fc.subarray([...PAIRS]),
      device: fc.constantFrom(null, ...DEVICES),
      intent: fc.bigInt({ min: 1n, max: 10_000n }),
    })
    .map((given) =>
      question({
        intent: formatId('payment_intent', given.intent),
        merchants: given.merchants.map(merchant),
        device: given.device,
        interconnects: given.interconnects,
        accounts: given.accounts.map((row) =>
          account(row.merchant, row.wallet, {
            status: row.status,
            consentedAtMs: row.consentedAtMs,
          }),
        ),
      }),
    );

  it('rule 10: nothing is offered that a merchant of the cart has not agreed to', () => {
    fc.assert(
      fc.property(asked, (given) => {
        const { offered } = offersFor(given);
        for (const offer of offered) {
          for (const one of given.merchants) {
            const own = given.accounts.find(
              (row) => row.merchant === one && row.wallet === offer.wallet,
            );
            expect(own?.status).toBe('active');
            expect(own?.consentedAtMs).not.toBeNull();
            const pair = { payer: offer.payerWallet, acceptor: offer.wallet };
            expect(mayScan(given.interconnects, pair)).toBe(true);
          }
        }
      }),
    );
  });

  it('every product of every wallet is offered or withheld, never both', () => {
    fc.assert(
      fc.property(asked, (given) => {
        const { offered: all, withheld } = offersFor(given);
        const offered = all.filter((row) => row.payerWallet === row.wallet);
        for (const { wallet: name, products } of given.wallets) {
          for (const { product } of products) {
            const isIt = (row: { wallet: string; product: string | null }) =>
              row.wallet === name && (row.product === product || row.product === null);
            const count = offered.filter(isIt).length + withheld.filter(isIt).length;
            expect(count).toBe(1);
          }
        }
      }),
    );
  });
});

describe('the order', () => {
  it('turns from intent to intent, so that no wallet is first by habit', () => {
    let first = 0;
    for (let number = 1n; number <= 1_000n; number += 1n) {
      const { offered } = offersFor(question({ intent: formatId('payment_intent', number) }));
      if (offered[0]?.wallet === 'wechatpay') first += 1;
    }
    expect(first).toBeGreaterThan(430);
    expect(first).toBeLessThan(570);
  });

  it('is the same for the same intent, the better product first', () => {
    const given = question({ device: 'mobile' });
    expect(offersFor(given)).toEqual(offersFor(given));
    const own = offersFor(given).offered.filter((row) => row.wallet === 'wechatpay');
    expect(own.map((row) => row.product)).toEqual(['wap', 'jsapi']);
  });
});

describe('several configurations of one wallet', () => {
  const other = formatId('wallet_config', 2n);
  const both = (more: Partial<OfferableConfig> = {}): OfferQuestion['wallets'][number] => ({
    ...wallet('wechatpay'),
    configs: [config(), config({ id: other, ...more })],
  });
  const moved = (accounts: readonly WalletAccount[]): WalletAccount[] =>
    accounts.map((row) => (row.merchant === merchant(2) ? { ...row, config: other } : row));
  const of = (merchants: readonly Id<'merchant'>[], more: Partial<OfferableConfig> = {}) =>
    question({ merchants, accounts: moved(question().accounts), wallets: [both(more)] });

  it('D2: each cart is paid through its own sellers’ configuration', () => {
    expect(configOf(of([merchant(1), merchant(3)]), 'wechatpay')).toBe(CONFIG);
    expect(configOf(of([merchant(2)]), 'wechatpay')).toBe(other);
    expect(configOf(of([merchant(2)]), 'alipay')).toBeUndefined();
    const contracts = of([merchant(2)], { hasCartContract: false });
    expect(offersFor(contracts).offered.length).toBeGreaterThan(0);
  });

  it('D2: sellers of two configurations cannot be paid in one go, and are named', () => {
    const asked = of([merchant(1), merchant(2), merchant(3)]);
    const found = offersFor(asked);
    expect(found.offered).toEqual([]);
    expect(found.withheld).toMatchObject([
      {
        ...{ wallet: 'wechatpay', product: null, reason: 'cart_not_combinable' },
        merchants: [merchant(1), merchant(2), merchant(3)],
      },
    ]);
    expect(configOf(asked, 'wechatpay')).toBeUndefined();
  });

  it('D2: nothing new starts through a configuration that retires', () => {
    const asked = of([merchant(1), merchant(2)], { isActive: false });
    expect(offersFor(asked).withheld).toMatchObject([
      { product: null, reason: 'merchant_not_onboarded', merchants: [merchant(2)] },
    ]);
    const none = question({ wallets: [wallet('wechatpay', { isActive: false })] });
    expect(why(none, 'wechatpay')).toBe('wallet_not_configured');
  });

  it('D2: of a seller’s accounts only the current one is paid', () => {
    const [first] = question().accounts;
    const retiring = { ...first!, status: 'retiring', config: other } as const;
    const asked = question({ accounts: [retiring, ...question().accounts], wallets: [both()] });
    expect(configOf(asked, 'wechatpay')).toBe(CONFIG);
    const closed = question({ accounts: [retiring], wallets: [both()] });
    expect(why(closed, 'wechatpay')).toBe('merchant_not_onboarded');
  });

  it('D2: health and consent to direct settlement are each configuration’s own', () => {
    expect(why(of([merchant(2)], { isHealthy: false }), 'wechatpay')).toBe('wallet_unhealthy');
    expect(why(of([merchant(1)], { isHealthy: false }), 'wechatpay')).toBeUndefined();
    const asked = of([merchant(1)], { acceptsDirectSettlement: true });
    const wallets = [{ ...both({ acceptsDirectSettlement: true }), custody: 'settles_directly' }];
    const direct = { ...asked, wallets } as OfferQuestion;
    expect(why(direct, 'wechatpay')).toBe('direct_settlement_not_accepted');
    expect(why({ ...direct, merchants: [merchant(2)] }, 'wechatpay')).toBeUndefined();
  });

  it('D2: only the merchants without consent are named', () => {
    const accounts = question().accounts.map((row) =>
      row.merchant === merchant(3) ? { ...row, consentedAtMs: null } : row,
    );
    const asked = question({ merchants: [merchant(1), merchant(3)], accounts });
    expect(offersFor(asked).withheld[0]).toMatchObject({
      reason: 'merchant_not_consented',
      merchants: [merchant(3)],
    });
  });
});

it('D12: a wallet that cannot split what the cart promises is withheld, and says whose it is', () => {
  const merchantsBeyond = (capBps: number) => (capBps < 2_000 ? [merchant(1)] : []);
  const { offered, withheld } = offersFor(question({ merchantsBeyond }));
  expect(new Set(offered.map((row) => row.wallet))).toEqual(new Set(['alipay']));
  expect(withheld.find((row) => row.wallet === 'wechatpay')).toMatchObject({
    ...{ reason: 'split_not_possible', merchants: [merchant(1)], product: null },
  });
});
