import { describe, expect, it } from 'vitest';
import { deviceOf } from '../../src/cashier/device.ts';
import { deadlineText } from '../../src/cashier/format.ts';
import { acceptedLocale, cookieValue } from '../../src/cashier/locale.ts';
import { isSameOrigin } from '../../src/cashier/same-origin.ts';
import { yuanText } from '../../src/kernel/money.ts';
import { NOW_MS, USER_AGENTS } from './fixtures.ts';

describe('acceptedLocale', () => {
  it.each([
    [undefined, 'zh'],
    ['', 'zh'],
    ['fr-FR,fr;q=0.9', 'zh'],
    ['en-US,en;q=0.9,zh-CN;q=0.8', 'en'],
    ['zh-CN,zh;q=0.9,en;q=0.8', 'zh'],
    ['en;q=0.3, zh-TW;q=0.7', 'zh'],
    ['EN', 'en'],
    ['en;q=0, zh;q=0.1', 'zh'],
    ['en;q=nonsense', 'zh'],
  ])('%s -> %s', (header, locale) => {
    expect(acceptedLocale(header)).toBe(locale);
  });
});

describe('deviceOf', () => {
  it.each(Object.entries(USER_AGENTS))('knows %s', (device, userAgent) => {
    expect(deviceOf(userAgent)).toBe(device);
  });

  it.each([
    ['Mozilla/5.0 (Linux; Android 14) Mobile Safari/537.36 UnionPay/1.0 CMBMobileBank', 'unionpay'],
    ['Mozilla/5.0 (Linux; Android 14) Mobile Safari/537.36 CloudPay', 'unionpay'],
    ['Mozilla/5.0 (iPhone) Mobile/15E148 JDJR-App&iPhone&6.9.70', 'jdpay'],
    ['Mozilla/5.0 (Linux; Android 14) Mobile Safari/537.36 jdapp;android;13.2.0', 'jdpay'],
    ['Mozilla/5.0 (Linux; Android 14) Mobile Safari/537.36 myjdapps', 'mobile'],
  ])('knows the app of %s', (userAgent, device) => {
    expect(deviceOf(userAgent)).toBe(device);
  });

  it('takes an unknown client for a desktop', () => {
    expect(deviceOf(undefined)).toBe('desktop');
    expect(deviceOf('curl/8')).toBe('desktop');
  });
});

describe('cookieValue', () => {
  it('finds one cookie among others', () => {
    expect(cookieValue('a=1; hutong_lang=en; b=2', 'hutong_lang')).toBe('en');
    expect(cookieValue('xhutong_lang=en', 'hutong_lang')).toBeNull();
    expect(cookieValue(undefined, 'hutong_lang')).toBeNull();
  });
});

describe('amounts and times', () => {
  it('groups yuan by thousands and keeps two places', () => {
    expect([1n, 100n, 1_234_56n, 1_234_567_89n].map(yuanText)).toEqual([
      '¥0.01',
      '¥1.00',
      '¥1,234.56',
      '¥1,234,567.89',
    ]);
  });

  it('names the day of a deadline only when it is another one', () => {
    expect(deadlineText(NOW_MS + 60_000, 60_000)).toBe('16:16');
    expect(deadlineText(NOW_MS + 24 * 3_600_000, 24 * 3_600_000)).toBe('2026-11-23 16:15');
  });
});

describe('isSameOrigin', () => {
  const publicUrl = 'https://pay.example';
  it.each([
    ['same-origin', undefined, true],
    ['cross-site', 'https://pay.example', false],
    ['same-site', undefined, false],
    ['none', undefined, false],
    [undefined, 'https://pay.example', true],
    [undefined, 'http://127.0.0.1:4000', true],
    [undefined, 'https://evil.example', false],
    [undefined, 'null', false],
    [undefined, undefined, true],
  ])('sec-fetch-site %s, origin %s -> %s', (secFetchSite, origin, expected) => {
    expect(isSameOrigin({ secFetchSite, origin, host: '127.0.0.1:4000', publicUrl })).toBe(
      expected,
    );
  });
});
