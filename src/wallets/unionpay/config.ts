/**
 * Opens credentials: reads the PFX and every certificate once and reports, field by field, what is
 * wrong and how to fix it. No key text is kept beyond that, and no message contains one.
 */
import type { X509Certificate } from 'node:crypto';
import { ok, type Result } from '../../kernel/result.ts';
import type { WalletIdentity } from '../../kernel/wallet-names.ts';
import { isTestAddress } from '../../runtime/web-address.ts';
import type { Encoding } from '../../wires/unionpay/canonical.ts';
import { readCertificate, type TrustAnchors } from '../../wires/unionpay/certificates.ts';
import {
  type UnionpayCredentials,
  unionpayCredentialsSchema,
} from '../../wires/unionpay/credentials.ts';
import { type PfxProblem, readPfx } from '../../wires/unionpay/pfx.ts';
import type { Signer } from '../../wires/unionpay/signature.ts';
import { isSm2PrivateKey, isSm2PublicKey, sm2PublicKeyHex } from '../../wires/unionpay/sm2.ts';
import { type ConfigProblem, checkCredentials, problemWith } from '../credentials.ts';
import { openTrustedSigners, type TrustedSigners } from './keys.ts';

/** Who must have signed a reply. */
export type Trust =
  | { readonly method: '01'; readonly anchors: TrustAnchors; readonly signers: TrustedSigners }
  | { readonly method: '11' | '12'; readonly secureKey: string }
  | { readonly method: '21'; readonly publicKeyHex: string; readonly certId: string };

export interface UnionpayConfig {
  readonly merId: string;
  readonly encoding: Encoding;
  readonly signer: Signer;
  readonly trust: Trust;
  readonly encryptCert: X509Certificate | null;
  readonly termId: string;
  readonly gatewayUrl: string;
}

const TERM_ID = '00000001';

type Keys = Pick<UnionpayConfig, 'signer' | 'trust'>;

export function openConfig(given: unknown): Result<UnionpayConfig, ConfigProblem> {
  const checked = checkCredentials(unionpayCredentialsSchema, given);
  if (!checked.ok) return checked;
  const credentials = checked.value;
  const { merId, encoding = 'UTF-8', signing, encryptCert, termId = TERM_ID } = credentials;
  const keys = openKeys(signing);
  if (!keys.ok) return keys;
  const cipher = encryptCert === undefined ? null : readCertificate(encryptCert);
  if (cipher === undefined) {
    return problemWith('encryptCert', 'is no PEM certificate: give acp_prod_enc.cer as text');
  }
  const gatewayUrl = credentials.endpoints.gateway.replace(/\/+$/, '');
  return ok({ merId, encoding, ...keys.value, encryptCert: cipher, termId, gatewayUrl });
}

export function identityOf(credentials: UnionpayCredentials): WalletIdentity {
  return { merId: credentials.merId };
}

export const LIVE_ENDPOINTS = { gateway: 'https://gateway.95516.com' };

/** UnionPay's own test environment. */
export const TEST_ENDPOINTS = { gateway: 'https://gateway.test.95516.com' };
export const TEST_DOMAINS = ['test.95516.com'];

/** The keys of 00040000:SIGN are public: with them, a live payment could be forged. */
export function reviewConfig(credentials: UnionpayCredentials): readonly ConfigProblem[] {
  const { signing, endpoints } = credentials;
  if (signing.method !== '01' || signing.acceptsTestSigner !== true) return [];
  if (isTestAddress(endpoints.gateway, TEST_DOMAINS)) return [];
  const message = `is for UnionPay's test environment, but ${endpoints.gateway} is live: leave it out`;
  return [{ field: 'signing.acceptsTestSigner', message }];
}

type Signing = UnionpayCredentials['signing'];

function openKeys(signing: Signing): Result<Keys, ConfigProblem> {
  switch (signing.method) {
    case '01':
      return openCertificates(signing);
    case '11':
    case '12': {
      const { method, secureKey } = signing;
      return ok({ signer: { method, secureKey }, trust: { method, secureKey } });
    }
    case '21':
      return openSm2(signing);
  }
}

const PFX_PROBLEMS: Readonly<Record<PfxProblem, readonly [field: string, message: string]>> = {
  not_base64: ['signing.pfx', 'is empty or no base64: give the .pfx file as base64'],
  not_a_pfx: ['signing.pfx', 'is no PKCS#12 file: give the .pfx as the CFCA tool exported it'],
  wrong_password: ['signing.pfxPassword', 'does not open the PFX'],
  no_rsa_key: ['signing.pfx', 'holds no RSA private key: export it with its private key'],
  no_match: ['signing.pfx', 'holds no certificate of its private key: export both together'],
};

function openCertificates(
  signing: Extract<Signing, { method: '01' }>,
): Result<Keys, ConfigProblem> {
  const identity = readPfx(signing.pfx, signing.pfxPassword);
  if (!identity.ok) return problemWith(...PFX_PROBLEMS[identity.error]);
  const root = readCertificate(signing.rootCert);
  if (root === undefined) {
    return problemWith('signing.rootCert', 'is no PEM certificate: give acp_prod_root.cer as text');
  }
  const middle = readCertificate(signing.middleCert);
  if (middle === undefined) {
    return problemWith(
      'signing.middleCert',
      'is no PEM certificate: give acp_prod_middle.cer as text',
    );
  }
  if (!middle.checkIssued(root)) {
    return problemWith('signing.middleCert', 'was not issued by rootCert: the two were mixed up');
  }
  const { privateKey, certId } = identity.value;
  const anchors = { root, middle, acceptsTestSigner: signing.acceptsTestSigner ?? false };
  return ok({
    signer: { method: '01', certId, privateKey },
    trust: { method: '01', anchors, signers: openTrustedSigners(anchors) },
  });
}

function openSm2(signing: Extract<Signing, { method: '21' }>): Result<Keys, ConfigProblem> {
  const { privateKey, certId, unionpayPublicKey, unionpayCertId } = signing;
  if (!isSm2PrivateKey(privateKey)) {
    return problemWith('signing.privateKey', 'is no SM2 private key: 32 bytes in hex');
  }
  if (!isSm2PublicKey(unionpayPublicKey)) {
    return problemWith('signing.unionpayPublicKey', 'is no point of SM2: 04 and 64 bytes in hex');
  }
  if (sm2PublicKeyHex(privateKey).toLowerCase() === unionpayPublicKey.toLowerCase()) {
    return problemWith('signing.unionpayPublicKey', 'is your own public key: give UnionPay’s');
  }
  return ok({
    signer: { method: '21', certId, privateKeyHex: privateKey },
    trust: { method: '21', publicKeyHex: unionpayPublicKey, certId: unionpayCertId },
  });
}
