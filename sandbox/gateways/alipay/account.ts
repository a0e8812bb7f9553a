/**
 * Accounts at the sandbox's Alipay: one pid with two applications, one in key mode and one in
 * certificate mode. The gateway keeps the public halves (AppRecord); the merchant's private halves
 * are stored under the account's label, so that another request returns the same credentials.
 */

import { createPrivateKey } from 'node:crypto';
import type { AlipayCredentials } from '../../../src/wires/alipay/credentials.ts';
import { randomDigits } from '../../kit/digits.ts';
import type { AccountRequest, CityKit, Collection, MadeAccount } from '../../kit/kit.ts';
import { openIdentity, openIdentityRoot, snOf } from './identity.ts';
import type { AppRecord } from './records.ts';

/** The `credentials.alipay` of demo.json. */
export interface AlipaySdkCredentials {
  readonly app_id: string;
  readonly pid: string;
  readonly app_private_key: string;
  readonly alipay_public_key: string;
  readonly smids: readonly string[];
  readonly buyer_ids: readonly string[];
  readonly cert_mode: {
    readonly app_id: string;
    readonly app_private_key: string;
    readonly app_cert: string;
    readonly alipay_cert: string;
    readonly alipay_root_cert: string;
  };
}

export interface AlipayAccount extends MadeAccount {
  readonly credentials: AlipayCredentials;
  readonly sdkCredentials: AlipaySdkCredentials;
  readonly smids: string[];
  readonly demo: AlipaySdkCredentials;
}

interface AccountRecord {
  readonly label: string;
  readonly pid: string;
  readonly demo: AlipaySdkCredentials;
}

const CERTIFICATE_YEARS = 10;

export function appsOf(kit: CityKit): Collection<AppRecord> {
  return kit.journal.collection<AppRecord>('alipay.apps');
}

export async function makeAlipayAccount(
  kit: CityKit,
  request: AccountRequest,
): Promise<AlipayAccount> {
  const accounts = kit.journal.collection<AccountRecord>('alipay.accounts');
  const account = accounts.get(request.label) ?? (await newAccount(kit, request));
  accounts.put(request.label, account);
  const { demo } = account;
  return {
    credentials: {
      appId: demo.app_id,
      pid: account.pid,
      privateKey: demo.app_private_key,
      keys: { mode: 'key', alipayPublicKey: demo.alipay_public_key },
      allOrNothingMerge: true,
      endpoints: {
        gateway: `${kit.publicUrl}/gateway.do`,
        v3: kit.publicUrl,
        authorize: `${kit.publicUrl}/oauth2/publicAppAuthorize.htm`,
      },
    },
    sdkCredentials: demo,
    subMerchants: request.subMerchantNames.map((name, index) => ({
      name,
      walletMerchant: demo.smids[index] ?? '',
    })),
    smids: [...demo.smids],
    demo,
  };
}

async function newAccount(kit: CityKit, request: AccountRequest): Promise<AccountRecord> {
  const identity = await openIdentity(kit);
  const pid = `2088${randomDigits(kit.random, 12)}`;
  const subMerchants = request.subMerchantNames.map((name) => ({
    smid: `2088${randomDigits(kit.random, 12)}`,
    name,
  }));
  const common = { pid, name: request.name, subMerchants, allOrNothingMerge: true };
  const plain = await kit.authority.rsaKeyPair();
  const appId = `2021${randomDigits(kit.random, 12)}`;
  appsOf(kit).put(appId, {
    ...common,
    appId,
    publicKeyPem: plain.publicKeyPem,
    certificate: null,
  });
  const certified = await kit.authority.rsaKeyPair();
  const certAppId = `2021${randomDigits(kit.random, 12)}`;
  const root = await openIdentityRoot(kit, identity);
  const { certificatePem } = await root.issue({
    subject: `C=CN, O=Sandbox City, OU=Alipay, CN=${pid}-${certAppId}`,
    publicKeyPem: certified.publicKeyPem,
    notAfterYears: CERTIFICATE_YEARS,
  });
  appsOf(kit).put(certAppId, {
    ...common,
    appId: certAppId,
    publicKeyPem: certified.publicKeyPem,
    certificate: { appCertSn: snOf(certificatePem), rootCertSn: identity.rootSn },
  });
  const demo: AlipaySdkCredentials = {
    app_id: appId,
    pid,
    app_private_key: pkcs1Pem(plain.privateKeyPem),
    alipay_public_key: identity.key.publicKeyPem,
    smids: subMerchants.map(({ smid }) => smid),
    buyer_ids: [identity.buyer.userId],
    cert_mode: {
      app_id: certAppId,
      app_private_key: pkcs1Pem(certified.privateKeyPem),
      app_cert: certificatePem,
      alipay_cert: identity.certificate.certificatePem,
      alipay_root_cert: identity.rootCertificatePem,
    },
  };
  return { label: request.label, pid, demo };
}

/** Alipay's Node SDK expects PKCS#1 by default. */
function pkcs1Pem(privateKeyPem: string): string {
  return createPrivateKey(privateKeyPem).export({ type: 'pkcs1', format: 'pem' }).toString();
}
