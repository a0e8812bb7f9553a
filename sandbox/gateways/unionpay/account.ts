/**
 * Creates a merchant at the sandbox's UnionPay: a certificate in a PFX as the acquirer issues it, a
 * secure key and an SM2 key for the other signMethods, and the merchants that it may split an order
 * with. The gateway keeps its half in the journal; private keys are returned and not stored.
 */

import type { UnionpayCredentials } from '../../../src/wires/unionpay/credentials.ts';
import { writePfx } from '../../../src/wires/unionpay/pfx.ts';
import { sm2PublicKeyHex } from '../../../src/wires/unionpay/sm2.ts';
import { randomDigits } from '../../kit/digits.ts';
import type { AccountRequest, CityKit, Collection, MadeAccount } from '../../kit/kit.ts';
import { issue, openIdentity, sm2Key } from './identity.ts';
import type { IdentityRecord, MerchantRecord } from './records.ts';

/** As the public test file's. */
const PFX_PASSWORD = '000000';

/** The `credentials.unionpay` of demo.json. */
export interface UnionpaySdkCredentials {
  readonly mer_id: string;
  readonly sign_pfx: string;
  readonly sign_pfx_password: string;
  readonly root_cert: string;
  readonly middle_cert: string;
  /** Besides the published ones: what the other signMethods and encrypted fields need. */
  readonly encrypt_cert: string;
  readonly secure_key: string;
  readonly sm2: {
    readonly private_key: string;
    readonly cert_id: string;
    readonly unionpay_public_key: string;
    readonly unionpay_cert_id: string;
  };
  readonly split_mer_ids: readonly string[];
}

export interface UnionpayAccount extends MadeAccount {
  readonly credentials: UnionpayCredentials;
  readonly sdkCredentials: UnionpaySdkCredentials;
}

export function merchantsOf(kit: CityKit): Collection<MerchantRecord> {
  return kit.journal.collection<MerchantRecord>('unionpay.merchants');
}

export async function makeUnionpayAccount(
  kit: CityKit,
  request: AccountRequest,
): Promise<UnionpayAccount> {
  const gateway = await openIdentity(kit);
  const merId = randomDigits(kit.random, 10, '77729');
  const subject = `CN=041@Z${merId.slice(1)}@Sandbox merchant@00000001, OU=Enterprises, C=CN`;
  const certified = await issue(kit, gateway.middle, subject);
  const sm2Private = sm2Key(kit);
  const sm2CertId = randomDigits(kit.random, 12, '4');
  const record: MerchantRecord = {
    merId,
    name: request.name,
    certId: certified.certId,
    certificatePem: certified.certificatePem,
    secureKey: kit.random.bytes(16).toString('hex'),
    sm2: { publicKeyHex: sm2PublicKeyHex(sm2Private), certId: sm2CertId },
    splitMerchants: request.subMerchantNames.map((name) => ({
      merId: randomDigits(kit.random, 10, '77729'),
      name,
    })),
  };
  merchantsOf(kit).put(merId, record);
  const sdkCredentials = sdkOf(gateway, record, {
    pfx: writePfx(certified, PFX_PASSWORD),
    sm2Private,
    sm2CertId,
  });
  return {
    credentials: credentialsOf(kit, sdkCredentials),
    sdkCredentials,
    subMerchants: record.splitMerchants.map(({ name, merId: walletMerchant }) => ({
      name,
      walletMerchant,
    })),
  };
}

function sdkOf(
  identity: IdentityRecord,
  record: MerchantRecord,
  secrets: { readonly pfx: string; readonly sm2Private: string; readonly sm2CertId: string },
): UnionpaySdkCredentials {
  return {
    mer_id: record.merId,
    sign_pfx: secrets.pfx,
    sign_pfx_password: PFX_PASSWORD,
    root_cert: identity.rootPem,
    middle_cert: identity.middle.certificatePem,
    encrypt_cert: identity.encryption.certificatePem,
    secure_key: record.secureKey,
    sm2: {
      private_key: secrets.sm2Private,
      cert_id: secrets.sm2CertId,
      unionpay_public_key: sm2PublicKeyHex(identity.sm2.privateKeyHex),
      unionpay_cert_id: identity.sm2.certId,
    },
    split_mer_ids: record.splitMerchants.map(({ merId }) => merId),
  };
}

function credentialsOf(kit: CityKit, sdkCredentials: UnionpaySdkCredentials): UnionpayCredentials {
  return {
    merId: sdkCredentials.mer_id,
    signing: {
      method: '01',
      pfx: sdkCredentials.sign_pfx,
      pfxPassword: sdkCredentials.sign_pfx_password,
      rootCert: sdkCredentials.root_cert,
      middleCert: sdkCredentials.middle_cert,
    },
    encryptCert: sdkCredentials.encrypt_cert,
    endpoints: { gateway: kit.publicUrl },
  };
}
