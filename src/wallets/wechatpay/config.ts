/**
 * Credentials of one marketplace's account: schema, checks that name the field and its remedy, and
 * the opened form with key objects made once. No message here ever repeats a secret.
 */

import type { KeyObject } from 'node:crypto';
import { createPrivateKey, createPublicKey, createSecretKey, X509Certificate } from 'node:crypto';
import { ok, type Result } from '../../kernel/result.ts';
import type { WalletIdentity } from '../../kernel/wallet-names.ts';
import {
  type PlatformCertificate,
  readPlatformCertificate,
} from '../../wires/wechatpay/certificates.ts';
import {
  type WechatpayCredentials,
  wechatpayCredentialsSchema,
} from '../../wires/wechatpay/credentials.ts';
import { type ConfigProblem, checkCredentials, problemWith } from '../credentials.ts';

/** WeChat Pay has no test gateway of its own. */
export const LIVE_ENDPOINTS: WechatpayCredentials['endpoints'] = {
  api: 'https://api.mch.weixin.qq.com',
  authorize: 'https://open.weixin.qq.com/connect/oauth2/authorize',
  oauth: 'https://api.weixin.qq.com/sns/oauth2/access_token',
};

export interface WechatpayConfig {
  readonly mchid: string;
  readonly appid: string;
  readonly appSecret: string;
  readonly serialNo: string;
  readonly privateKey: KeyObject;
  readonly apiV3Key: KeyObject;
  readonly codepayApi: 'v2' | 'v3';
  /** null = no payment codes by APIv2. */
  readonly apiV2: ApiV2 | null;
  readonly keyMode: WechatpayCredentials['keyMode'];
  readonly publicKeyId: string | null;
  /** serial -> key of everything known at start; the key ring adds what it downloads. */
  readonly verificationKeys: ReadonlyMap<string, KeyObject>;
  readonly platformRoot: X509Certificate | null;
  readonly endpoints: WechatpayCredentials['endpoints'];
}

/** What APIv2 needs besides the number: its key, and a client certificate for reversals. */
export interface ApiV2 {
  readonly key: string;
  readonly clientCertificate: { readonly certificatePem: string; readonly privateKeyPem: string };
}

export function openConfig(
  given: unknown,
  wallNowMs: number,
): Result<WechatpayConfig, ConfigProblem> {
  const checked = checkCredentials(wechatpayCredentialsSchema, given);
  if (!checked.ok) return checked;
  const credentials = checked.value;
  const privateKey = readKey(() => createPrivateKey(credentials.privateKey));
  if (privateKey === undefined)
    return problemWith('privateKey', 'is not a readable RSA private key');
  const apiV2 = readApiV2(credentials, privateKey);
  if (!apiV2.ok) return apiV2;
  const platformRoot = readCertificate(credentials.platformRootCertificate);
  if (platformRoot === undefined)
    return problemWith('platformRootCertificate', 'is not a certificate');
  const keys = readVerificationKeys(credentials, { nowMs: wallNowMs, root: platformRoot });
  if (!keys.ok) return keys;
  return ok({
    mchid: credentials.mchid,
    appid: credentials.appid,
    appSecret: credentials.appSecret,
    serialNo: credentials.serialNo,
    privateKey,
    apiV3Key: createSecretKey(Buffer.from(credentials.apiV3Key, 'latin1')),
    codepayApi: credentials.codepayApi ?? 'v2',
    apiV2: apiV2.value,
    keyMode: credentials.keyMode,
    publicKeyId: credentials.publicKeyId ?? null,
    verificationKeys: keys.value,
    platformRoot,
    endpoints: credentials.endpoints,
  });
}

/** An order is found, and a callback is ours, under the pair that created it. */
export function identityOf({ mchid, appid }: WechatpayCredentials): WalletIdentity {
  return { mchid, appid };
}

/** A certificate of another key or serial number: every call would be refused. */
export function reviewConfig(credentials: WechatpayCredentials): readonly ConfigProblem[] {
  const { merchantCertificate, privateKey, serialNo } = credentials;
  const field = 'merchantCertificate';
  const certificate = readCertificate(merchantCertificate);
  if (certificate === null) return [];
  if (certificate === undefined) return [{ field, message: 'is not a certificate' }];
  const key = readKey(() => createPrivateKey(privateKey));
  if (key !== undefined && !certificate.checkPrivateKey(key))
    return [{ field, message: 'is not the certificate of privateKey' }];
  const serial = certificate.serialNumber;
  if (BigInt(`0x${serial}`) === BigInt(`0x${serialNo}`)) return [];
  const message = `has the serial number ${serial}, but serialNo is ${serialNo}: one was renewed`;
  return [{ field, message }];
}

function readApiV2(
  credentials: WechatpayCredentials,
  privateKey: KeyObject,
): Result<ApiV2 | null, ConfigProblem> {
  const { apiV2Key, merchantCertificate } = credentials;
  if (apiV2Key === undefined) return ok(null);
  if (merchantCertificate === undefined) {
    return problemWith(
      'merchantCertificate',
      'comes with apiV2Key: payment codes are reversed with it',
    );
  }
  const certificate = readCertificate(merchantCertificate);
  if (!certificate?.checkPrivateKey(privateKey)) {
    return problemWith('merchantCertificate', 'is not the certificate of privateKey');
  }
  const privateKeyPem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const clientCertificate = { certificatePem: merchantCertificate, privateKeyPem };
  return ok({ key: apiV2Key, clientCertificate });
}

function readVerificationKeys(
  credentials: WechatpayCredentials,
  trust: { readonly nowMs: number; readonly root: X509Certificate | null },
): Result<ReadonlyMap<string, KeyObject>, ConfigProblem> {
  const keys = new Map<string, KeyObject>();
  const { publicKeyId, publicKey } = credentials;
  if ((publicKeyId === undefined) !== (publicKey === undefined)) {
    return problemWith('publicKeyId', 'and publicKey come together');
  }
  if (publicKeyId !== undefined && publicKey !== undefined) {
    const key = readKey(() => createPublicKey(publicKey));
    if (key === undefined) return problemWith('publicKey', 'is not a readable RSA public key');
    keys.set(publicKeyId, key);
  } else if (credentials.keyMode === 'public_key') {
    return problemWith('publicKey', 'and publicKeyId are needed in public_key mode');
  }
  for (const [index, pem] of (credentials.platformCertificates ?? []).entries()) {
    const certificate: PlatformCertificate | undefined = readPlatformCertificate(pem, trust);
    if (certificate === undefined) {
      return problemWith(
        `platformCertificates.${index}`,
        'is unreadable, expired or not of the root',
      );
    }
    if (certificate.serial === credentials.serialNo) {
      return problemWith(
        `platformCertificates.${index}`,
        "is the merchant's own, not the platform's",
      );
    }
    keys.set(certificate.serial, certificate.publicKey);
  }
  return ok(keys);
}

function readCertificate(pem: string | undefined): X509Certificate | null | undefined {
  if (pem === undefined) return null;
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

function readKey(read: () => KeyObject): KeyObject | undefined {
  try {
    const key = read();
    const isStrong = (key.asymmetricKeyDetails?.modulusLength ?? 0) >= 2048;
    return key.asymmetricKeyType === 'rsa' && isStrong ? key : undefined;
  } catch {
    return undefined;
  }
}
