/**
 * Creates a platform account with its second-level merchants: real X.509 merchant and platform
 * certificates and a public-key pair, as every SDK expects. The gateway keeps its half in the
 * journal; the merchant's private key is returned and stored by the caller only.
 */

import { assert, must } from '../../../src/kernel/assert.ts';
import type { WechatpayCredentials } from '../../../src/wires/wechatpay/credentials.ts';
import { randomDigits } from '../../kit/digits.ts';
import type { AccountRequest, CityKit, MadeAccount } from '../../kit/kit.ts';
import { issuePlatformKey, SERIALS } from './identity.ts';
import { randomToken } from './numbers.ts';
import { accountsOf } from './order-store.ts';
import { V3_CODEPAY } from './payment-codes-v3.ts';
import type { AccountRecord } from './records.ts';

const MERCHANT_CERTIFICATE_YEARS = 5;
const OPENID_COUNT = 3;

/** The `credentials.wechatpay` of demo.json. */
export interface WechatpaySdkCredentials {
  readonly appid: string;
  readonly mchid: string;
  readonly sub_mchids: readonly string[];
  readonly openids: readonly string[];
  readonly serial_no: string;
  readonly private_key: string;
  readonly certificate: string;
  readonly apiv3_key: string;
  readonly apiv2_key: string;
  readonly public_key_id: string;
  readonly public_key: string;
  readonly platform_serial: string;
  readonly platform_certificate: string;
  /** Besides the published one: a merchant of its own with v3 payment codes opened. */
  readonly payment_code?: WechatpaySdkCredentials;
}

export interface WechatpayAccount extends MadeAccount {
  readonly credentials: WechatpayCredentials;
  readonly sdkCredentials: WechatpaySdkCredentials;
}

export async function makeWechatpayAccount(
  kit: CityKit,
  request: AccountRequest,
): Promise<WechatpayAccount> {
  assert(request.name !== '', 'an account has a name');
  const merchantPair = await kit.authority.rsaKeyPair();
  const record = await makeRecord(kit, request, merchantPair.publicKeyPem);
  const accounts = accountsOf(kit);
  assert(accounts.get(record.mchid) === undefined, 'a merchant number is given once');
  accounts.put(record.mchid, record);
  const sdkCredentials = await withCodepay(kit, request, sdkOf(record, merchantPair.privateKeyPem));
  return {
    credentials: credentialsOf(kit, record, merchantPair.privateKeyPem),
    sdkCredentials,
    subMerchants: record.subMerchants.map(({ mchid, name }) => ({ name, walletMerchant: mchid })),
  };
}

/** v3 payment codes are opened per merchant: outside SDKs get one that has them. */
async function withCodepay(
  kit: CityKit,
  request: AccountRequest,
  sdkCredentials: WechatpaySdkCredentials,
): Promise<WechatpaySdkCredentials> {
  if (request.label !== 'credentials' || request.openedProducts !== undefined)
    return sdkCredentials;
  const opened = await makeWechatpayAccount(kit, { ...request, openedProducts: [V3_CODEPAY] });
  return { ...sdkCredentials, payment_code: opened.sdkCredentials };
}

async function makeRecord(
  kit: CityKit,
  request: AccountRequest,
  merchantPublicKeyPem: string,
): Promise<AccountRecord> {
  const { random } = kit;
  const mchid = `19${randomDigits(random, 8)}`;
  const root = await kit.authority.root('CN=Tenpay.com Root CA, O=Tenpay.com, C=CN', SERIALS);
  const merchant = await root.issue({
    subject: `CN=${mchid}, OU=Hutong sandbox city, O=Hutong sandbox merchant, C=CN`,
    publicKeyPem: merchantPublicKeyPem,
    notAfterYears: MERCHANT_CERTIFICATE_YEARS,
  });
  const publicPair = await kit.authority.rsaKeyPair();
  const subMerchants = request.subMerchantNames.map((name) => {
    return { mchid: `16${randomDigits(random, 8)}`, name };
  });
  return {
    mchid,
    name: request.name,
    appid: `wx${random.bytes(8).toString('hex')}`,
    appSecret: random.bytes(16).toString('hex'),
    apiV3Key: randomToken(random, 32),
    apiV2Key: randomToken(random, 32),
    openedProducts: request.openedProducts ?? [],
    merchantSerial: merchant.serial,
    merchantCertificatePem: merchant.certificatePem,
    publicKeyId: `PUB_KEY_ID_01${mchid}${randomDigits(random, 16)}`,
    publicKeyPem: publicPair.publicKeyPem,
    publicKeyPrivatePem: publicPair.privateKeyPem,
    platformKeys: [await issuePlatformKey(kit, root)],
    rootCertificatePem: root.certificatePem,
    rootPrivateKeyPem: root.privateKeyPem,
    subMerchants,
    openids: residents(kit),
  };
}

/**
 * The city's buyers. One openid is valid for every appid of the city (a real one is per appid), so
 * that a caller of a marketplace's API can take a payer from the credentials.
 */
function residents(kit: CityKit): readonly string[] {
  const kept = kit.journal.collection<readonly string[]>('wechatpay.residents');
  const known = kept.get('openids');
  if (known !== undefined) return known;
  const openids = Array.from({ length: OPENID_COUNT }, () => `o${randomToken(kit.random, 27)}`);
  kept.put('openids', openids);
  return openids;
}

function credentialsOf(
  kit: CityKit,
  record: AccountRecord,
  privateKeyPem: string,
): WechatpayCredentials {
  return {
    mchid: record.mchid,
    appid: record.appid,
    appSecret: record.appSecret,
    serialNo: record.merchantSerial,
    privateKey: privateKeyPem,
    apiV3Key: record.apiV3Key,
    apiV2Key: must(record.apiV2Key, 'the APIv2 key of a new account'),
    merchantCertificate: record.merchantCertificatePem,
    ...(record.openedProducts?.includes(V3_CODEPAY) ? { codepayApi: 'v3' as const } : {}),
    keyMode: 'public_key',
    publicKeyId: record.publicKeyId,
    publicKey: record.publicKeyPem,
    platformCertificates: record.platformKeys.map((key) => key.certificatePem),
    platformRootCertificate: record.rootCertificatePem,
    endpoints: {
      api: kit.publicUrl,
      authorize: `${kit.publicUrl}/connect/oauth2/authorize`,
      oauth: `${kit.publicUrl}/sns/oauth2/access_token`,
    },
  };
}

function sdkOf(record: AccountRecord, privateKeyPem: string): WechatpaySdkCredentials {
  const platform = record.platformKeys[0];
  assert(platform !== undefined, 'an account has a platform certificate');
  return {
    appid: record.appid,
    mchid: record.mchid,
    sub_mchids: record.subMerchants.map((merchant) => merchant.mchid),
    openids: record.openids,
    serial_no: record.merchantSerial,
    private_key: privateKeyPem,
    certificate: record.merchantCertificatePem,
    apiv3_key: record.apiV3Key,
    apiv2_key: must(record.apiV2Key, 'the APIv2 key of a new account'),
    public_key_id: record.publicKeyId,
    public_key: record.publicKeyPem,
    platform_serial: platform.serial,
    platform_certificate: platform.certificatePem,
  };
}
