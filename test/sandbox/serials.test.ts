/**
 * Serial numbers of the wallets' certificates: each wallet's own shape, and what was made before
 * they had one keeps working after a start.
 */
import { X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { makeAlipayAccount } from '../../sandbox/gateways/alipay/account.ts';
import { openAlipayGateway } from '../../sandbox/gateways/alipay/gateway.ts';
import { makeUnionpayAccount } from '../../sandbox/gateways/unionpay/account.ts';
import { openUnionpayGateway } from '../../sandbox/gateways/unionpay/gateway.ts';
import { makeWechatpayAccount } from '../../sandbox/gateways/wechatpay/account.ts';
import type { AccountRequest, CityKit } from '../../sandbox/kit/kit.ts';
import { certSdk, orderContent } from '../conformance/alipay/rows.ts';
import { openWallet as openUnionpay, orderOf } from '../conformance/unionpay/city.ts';
import { freshNo, keptAccount, openGatewayCity } from '../helpers/gateway-city.ts';
import { openTestKit, temporaryDir } from './support.ts';

const REQUEST: AccountRequest = { label: 'credentials', name: '淘宝网', subMerchantNames: ['一'] };

const serialOf = (pem: string): string => new X509Certificate(pem).serialNumber;

/** The authority as it was: 20 bytes for every wallet. */
function asBefore(kit: CityKit): CityKit {
  const { authority } = kit;
  const long = { bytes: 20 };
  return {
    ...kit,
    authority: {
      ...authority,
      root: (subject) => authority.root(subject, long),
      openRoot: (kept) => authority.openRoot(kept, long),
    },
  };
}

test("F1: certificates have each wallet's own serial numbers", async () => {
  const { kit, close } = await openTestKit(temporaryDir());
  const { demo } = await makeAlipayAccount(kit, REQUEST);
  const { app_cert, alipay_cert, alipay_root_cert } = demo.cert_mode;
  for (const pem of [app_cert, alipay_cert, alipay_root_cert]) {
    expect(serialOf(pem)).toMatch(/^20\d\d(0[1-9]|1[0-2])[0-3]\d[0-9A-F]{24}$/);
    expect(BigInt(`0x${serialOf(pem)}`)).toBeLessThan(2n ** 127n);
  }
  const { sdkCredentials: unionpay } = await makeUnionpayAccount(kit, REQUEST);
  for (const pem of [unionpay.root_cert, unionpay.middle_cert, unionpay.encrypt_cert]) {
    expect(serialOf(pem)).toMatch(/^10[0-9A-F]{8}$/);
  }
  const { sdkCredentials: wechatpay } = await makeWechatpayAccount(kit, REQUEST);
  expect(serialOf(wechatpay.certificate)).toMatch(/^[4-7][0-9A-F]{39}$/);
  expect(wechatpay.serial_no).toBe(serialOf(wechatpay.certificate));
  await close();
});

test("F1: Alipay's credentials with long serial numbers keep working", async () => {
  const first = await openGatewayCity({
    wallet: 'alipay',
    openAccount: (kit) => keptAccount(kit, 'old', () => makeAlipayAccount(asBefore(kit), REQUEST)),
    openGateway: openAlipayGateway,
  });
  const old = first.account.demo.cert_mode;
  expect(serialOf(old.app_cert)).toMatch(/^[0-9A-F]{40}$/);
  const city = await first.restart();
  expect(city.account.demo.cert_mode).toEqual(old);
  const call = async () =>
    certSdk(city).exec('alipay.trade.precreate', { bizContent: orderContent(city, freshNo()) });
  expect(await call()).toMatchObject({ code: '10000' });
  // A merchant added later has the same old identity, with a serial number of the new format.
  const later = await makeAlipayAccount(city.opened.kit, { ...REQUEST, label: 'later' });
  expect(later.demo.cert_mode.alipay_cert).toBe(old.alipay_cert);
  expect(serialOf(later.demo.cert_mode.app_cert)).toMatch(/^20[0-9A-F]{30}$/);
  Object.assign(city, { account: later });
  expect(await call()).toMatchObject({ code: '10000' });
  await city.close();
});

test("F1: UnionPay's credentials with long serial numbers keep working", async () => {
  const first = await openGatewayCity({
    wallet: 'unionpay',
    openAccount: (kit) =>
      keptAccount(kit, 'old', () => makeUnionpayAccount(asBefore(kit), REQUEST)),
    openGateway: openUnionpayGateway,
  });
  expect(serialOf(first.account.sdkCredentials.middle_cert)).toMatch(/^[0-9A-F]{40}$/);
  const city = await first.restart();
  expect(city.account.sdkCredentials).toEqual(first.account.sdkCredentials);
  const start = () => openUnionpay(city).startAttempt(orderOf(city));
  expect(await start()).toMatchObject({ outcome: 'pending' });
  const later = await makeUnionpayAccount(city.opened.kit, REQUEST);
  Object.assign(city, { account: later });
  expect(await start()).toMatchObject({ outcome: 'pending' });
  await city.close();
});
