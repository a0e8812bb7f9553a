/**
 * The keys of the gateway's accounts and the rule of which key signs: an answer uses the key of the
 * request's `Wechatpay-Serial`; without one (or with an unknown one) the newest platform
 * certificate. Rotation adds a certificate; the old ones stay valid.
 */

import { type KeyObject, X509Certificate } from 'node:crypto';
import { must } from '../../../src/kernel/assert.ts';
import type { MessageSigner } from '../../../src/wires/wechatpay/message.ts';
import { keysOf } from '../../kit/keys.ts';
import type { CertifiedKey, CityKit, SerialShape } from '../../kit/kit.ts';
import { accountsOf } from './order-store.ts';
import type { AccountRecord, PlatformKey } from './records.ts';

const PLATFORM_CERTIFICATE_YEARS = 5;
/** 40 hex digits, as WeChat Pay's are. */
export const SERIALS: SerialShape = { bytes: 20 };
const PLATFORM_SUBJECT = 'CN=Tenpay.com sign, OU=Tenpay.com CA Center, O=Tenpay.com, C=CN';

export type Keys = ReturnType<typeof openKeys>;

export function openKeys(kit: CityKit) {
  const keys = keysOf(kit);
  const privateKey = (account: AccountRecord, serial: string): KeyObject | undefined => {
    const pem =
      serial === account.publicKeyId
        ? account.publicKeyPrivatePem
        : account.platformKeys.find((key) => key.serial === serial)?.privateKeyPem;
    return pem === undefined ? undefined : keys.privateKey(pem);
  };
  return {
    apiV3Key: (account: AccountRecord) => keys.secret(account.apiV3Key),
    merchantKey: (account: AccountRecord) => keys.certified(account.merchantCertificatePem),
    signer: (account: AccountRecord, named: string | null): MessageSigner => {
      const chosen = named === null ? undefined : privateKey(account, named);
      if (named !== null && chosen !== undefined) return { serial: named, privateKey: chosen };
      const { serial } = must(account.platformKeys.at(-1), 'a platform key');
      return { serial, privateKey: must(privateKey(account, serial), 'its private key') };
    },
    /** The private key that opens fields encrypted for that serial; undefined = not one of ours. */
    fieldKey: privateKey,
  };
}

/** A new pair and certificate under the account's root, effective now. */
export async function issuePlatformKey(kit: CityKit, root: CertifiedKey): Promise<PlatformKey> {
  const pair = await kit.authority.rsaKeyPair();
  const authority = await kit.authority.openRoot(root, SERIALS);
  const issued = await authority.issue({
    subject: PLATFORM_SUBJECT,
    publicKeyPem: pair.publicKeyPem,
    notAfterYears: PLATFORM_CERTIFICATE_YEARS,
  });
  const certificate = new X509Certificate(issued.certificatePem);
  return {
    serial: issued.serial,
    certificatePem: issued.certificatePem,
    privateKeyPem: pair.privateKeyPem,
    effectiveMs: Date.parse(certificate.validFrom),
    expiresMs: Date.parse(certificate.validTo),
  };
}

/** Adds a platform certificate to the account; returns the current account. */
export async function rotatePlatformKey(kit: CityKit, mchid: string): Promise<AccountRecord> {
  const accounts = accountsOf(kit);
  const before = must(accounts.get(mchid), 'the account');
  const key = await issuePlatformKey(kit, {
    certificatePem: before.rootCertificatePem,
    privateKeyPem: before.rootPrivateKeyPem,
  });
  // Read again: another rotation may have finished while this pair was generated.
  const account = must(accounts.get(mchid), 'the account');
  const rotated = { ...account, platformKeys: [...account.platformKeys, key] };
  accounts.put(mchid, rotated);
  return rotated;
}
