/** `hutong sandbox` as a whole, with the real gateways: its credentials against their schemas. */
import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runSandbox } from '../../sandbox/cli.ts';
import { call } from './city-support.ts';
import { temporaryDir } from './support.ts';

const options = (dir: string) => ({
  ...{ dir, port: 0, host: '127.0.0.1', allowLocalCallbacks: true, quiet: true },
  writeDemoCredentials: true,
});

const read = (dir: string, name: string) => JSON.parse(readFileSync(join(dir, name), 'utf8'));

it('writes its credentials, keeps them, and stops on request', {
  timeout: 180_000,
}, async () => {
  const dir = temporaryDir();
  const first = await runSandbox(options(dir));
  expect((await call(`${first.url}/healthz`, 'GET')).json).toEqual({ status: 'ok' });
  const demo = read(dir, 'demo.json');
  await first.stop();
  await expect(call(`${first.url}/healthz`, 'GET')).rejects.toThrow(/ECONNREFUSED/);

  expect(Object.keys(demo).sort()).toEqual(['credentials', 'sandbox']);
  expect(demo.sandbox.alipay).toBe(`${first.url}/gateway.do`);
  const { wechatpay, alipay } = demo.credentials;
  expect(Object.keys(wechatpay).sort()).toEqual(
    [
      ...['appid', 'mchid', 'sub_mchids', 'openids', 'serial_no', 'private_key', 'certificate'],
      ...['apiv3_key', 'public_key_id', 'public_key', 'platform_serial', 'platform_certificate'],
      ...['apiv2_key', 'payment_code'],
    ].sort(),
  );
  expect(Object.keys(alipay).sort()).toEqual(
    [
      ...['app_id', 'pid', 'app_private_key', 'alipay_public_key', 'smids', 'buyer_ids'],
      'cert_mode',
    ].sort(),
  );
  expect(Object.keys(alipay.cert_mode).sort()).toEqual(
    ['app_id', 'app_private_key', 'app_cert', 'alipay_cert', 'alipay_root_cert'].sort(),
  );
  expect(new X509Certificate(wechatpay.certificate).serialNumber).toBe(wechatpay.serial_no);

  const { marketplaces } = read(dir, 'papers.json');
  for (const label of ['taobao', 'tmall']) {
    for (const wallet of ['wechatpay', 'alipay']) {
      const { credentials, subMerchants } = marketplaces[label][wallet];
      expect(credentials).toBeTypeOf('object');
      expect(subMerchants.length).toBeGreaterThanOrEqual(4);
      for (const merchant of subMerchants) {
        expect(merchant.name).toMatch(/[\u4e00-\u9fff]/);
        expect(merchant.walletMerchant).toMatch(/^\d{10,16}$/);
      }
    }
  }
  for (const name of ['demo.json', 'papers.json']) {
    expect(statSync(join(dir, name)).mode & 0o777).toBe(0o600);
  }
  expect(existsSync(join(dir, 'sandbox', 'lock'))).toBe(false);

  const second = await runSandbox(options(dir));
  await second.stop();
  expect(read(dir, 'demo.json').credentials).toEqual(demo.credentials);
  const moved = JSON.stringify(marketplaces).replaceAll(first.url, second.url);
  const isSame = JSON.stringify(read(dir, 'papers.json').marketplaces) === moved;
  // Not compared by the runner: a difference would print private keys.
  expect(isSame).toBe(true);
});
