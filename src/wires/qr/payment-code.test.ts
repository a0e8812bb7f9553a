/** Whose payment code: every prefix boundary times every length, and who accepts what. */
import { describe, expect, test } from 'vitest';
import type { WalletName } from '../../kernel/wallet-names.ts';
import { recogniseScannedCode } from './code-url.ts';
import { recognisePaymentCode } from './payment-code.ts';
import { PAYMENT_CODE_TABLE } from './payment-code-table.ts';

const ALL: readonly WalletName[] = ['wechatpay', 'alipay', 'unionpay', 'jdpay'];
const digits = (prefix: string, length: number) => prefix.padEnd(length, '7');
const briefly = (text: string, accepted: readonly WalletName[] = ALL) => {
  const verdict = recognisePaymentCode(text, accepted);
  return verdict.outcome === 'wallet' ? verdict.wallet : verdict.outcome;
};

describe('prefix and length', () => {
  const lengths = [15, 16, 17, 18, 19, 24, 25];
  const expected: Record<string, (length: number) => string> = {
    '09': () => 'not_recognised',
    10: (length) => (length === 18 ? 'wechatpay' : 'not_recognised'),
    15: (length) => (length === 18 ? 'wechatpay' : 'not_recognised'),
    16: () => 'not_recognised',
    18: (length) => (length === 18 ? 'jdpay' : 'not_recognised'),
    24: () => 'not_recognised',
    25: (length) => (length >= 16 && length <= 24 ? 'alipay' : 'not_recognised'),
    30: (length) => (length >= 16 && length <= 24 ? 'alipay' : 'not_recognised'),
    31: () => 'not_recognised',
    '01': () => 'not_recognised',
    61: () => 'not_recognised',
    62: (length) => (length === 19 ? 'unionpay' : 'not_recognised'),
    63: () => 'not_recognised',
  };
  for (const [prefix, want] of Object.entries(expected)) {
    test.each(lengths)(`${prefix} of %d digits`, (length) => {
      expect(briefly(digits(prefix, length))).toBe(want(length));
    });
  }
});

describe('a code that two wallets may have', () => {
  const code = digits('62', 19);

  test('is of the one that the merchant accepts', () => {
    expect(briefly(code, ['unionpay', 'wechatpay'])).toBe('unionpay');
    expect(briefly(code, ['jdpay', 'alipay'])).toBe('jdpay');
  });

  test('without an owner is refused if both are accepted: the caller must name one', () => {
    const unowned = { ...PAYMENT_CODE_TABLE, owners: [] };
    expect(recognisePaymentCode(code, ALL, unowned)).toEqual({
      outcome: 'ambiguous',
      candidates: ['unionpay', 'jdpay'],
      message: 'This code may be of unionpay or jdpay: name the wallet in the request.',
    });
  });

  test('is of the owner that the table names, but only where that one is accepted', () => {
    expect(recognisePaymentCode(code, ALL)).toMatchObject({ wallet: 'unionpay' });
    expect(recognisePaymentCode(code, ['jdpay'])).toMatchObject({ wallet: 'jdpay' });
  });
});

describe('the code', () => {
  test('may be written in groups', () => {
    expect(recognisePaymentCode(' 1345 6789 0123 4567 89\n', ALL)).toEqual({
      outcome: 'wallet',
      wallet: 'wechatpay',
      authCode: '134567890123456789',
      form: 'digits',
      digits: '134567890123456789',
    });
  });

  test('known, but of a wallet that the merchant does not take', () => {
    expect(recognisePaymentCode(digits('13', 18), ['alipay'])).toMatchObject({
      outcome: 'not_accepted',
      candidates: ['wechatpay'],
    });
  });

  test('of the digital yuan is named in the refusal', () => {
    const verdict = recognisePaymentCode(digits('01', 19), ALL);
    expect(verdict.outcome === 'not_recognised' && verdict.message).toContain('e-CNY');
  });

  test.each([
    '',
    '   ',
    '13456789012345678x',
    '１３４５６７８９０１２３４５６７８９',
    '-1',
    '1'.repeat(2000),
    'hQVDUFYwMWEa',
  ])('malformed: %s', (text) => {
    expect(briefly(text)).toBe('malformed');
  });

  test('as an EMV consumer code is of the network that its application belongs to', () => {
    const payload = Buffer.from(
      `85054350563031611F4F08A00000033301010157136292610358444335641D22102010000018801F`,
      'hex',
    ).toString('base64');
    expect(recognisePaymentCode(payload, ALL)).toEqual({
      outcome: 'wallet',
      wallet: 'unionpay',
      authCode: payload,
      form: 'emv_cpm',
      digits: '6292610358444335641',
    });
    expect(briefly(payload, ['alipay'])).toBe('not_accepted');
    expect(briefly('hQVDUFYwMWEaTwegAAAAVVVVVw8SNFZ4kBI0WNGRIgESNF8=')).toBe('not_recognised');
  });

  test('is never part of a message', () => {
    for (const text of [digits('62', 19), digits('01', 19), digits('13', 18), '1234567x']) {
      const verdict = recognisePaymentCode(text, ['alipay']);
      expect(verdict.outcome === 'wallet' ? '' : verdict.message).not.toMatch(/\d{4}/);
    }
  });
});

describe('a scanned address', () => {
  test.each([
    ['https://qr.alipay.com/bax00001', 'alipay alipay_code'],
    ['weixin://wxpay/bizpayurl?pr=abc', 'wechatpay wechatpay_native'],
    ['https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?x=1', 'wechatpay wechatpay_h5'],
    [`https://qr.95516.com/00010000/62${'1'.repeat(30)}`, 'unionpay unionpay_dynamic'],
    ['https://qr.95516.com/00010000/01012345', 'unionpay unionpay_static'],
    ['https://h5pay.jd.com/code?c=616zlks7djfb1z', 'jdpay jdpay_order'],
    ['https://h5pay.jd.com/code?c=short', 'other h5pay.jd.com'],
    ['https://qr.alipay.com.evil.example/bax', 'other qr.alipay.com.evil.example'],
    ['https://evil.example/https://qr.alipay.com/bax', 'other evil.example'],
    ['http://qr.alipay.com/bax', 'other qr.alipay.com'],
    ['https://qr.alipay.com@evil.example/bax', 'not_recognised'],
    ['https://qr.9551\r6.com/00010000/0112', 'not_recognised'],
    ['https://qr。alipay.com/bax', 'not_recognised'],
    ['https://qr.alipay.com\\@evil.example/bax', 'not_recognised'],
    ['00020101021129', 'emv_merchant'],
    ['hQVDUFYwMWEa', 'emv_consumer'],
    ['javascript:alert(1)', 'not_recognised'],
    ['', 'not_recognised'],
  ])('%s', (text, want) => {
    const code = recogniseScannedCode(text);
    const got =
      code.kind === 'wallet_code'
        ? `${code.wallet} ${code.what}`
        : code.kind === 'other_url'
          ? `other ${code.host}`
          : code.kind;
    expect(got).toBe(want);
  });
});
