/**
 * Opens credentials: parses every key once into a key object and reports, field by field, what is
 * wrong and how to fix it. No key text is kept, and no message contains one.
 *
 * The most common mistake with Alipay is to supply one's own application public key instead of
 * Alipay's; it is detected here, since otherwise it shows only as answers that never verify.
 */
import { createPublicKey, type KeyObject, type X509Certificate } from 'node:crypto';
import { ok, type Result } from '../../kernel/result.ts';
import type { WalletIdentity } from '../../kernel/wallet-names.ts';
import {
  certificateSn,
  readCertificates,
  rootCertificateSn,
} from '../../wires/alipay/certificates.ts';
import { type AlipayCredentials, alipayCredentialsSchema } from '../../wires/alipay/credentials.ts';
import { readPrivateKey, readPublicKey } from '../../wires/alipay/keys.ts';
import { type ConfigProblem, checkCredentials, problemWith } from '../credentials.ts';

export interface CertificateMode {
  readonly appCertSn: string;
  readonly rootCertSn: string;
  readonly roots: readonly X509Certificate[];
  /** Subjects of the pinned Alipay certificates: a rotated one must have the same name. */
  readonly subjects: readonly string[];
  readonly alipayKeys: ReadonlyMap<string, KeyObject>;
}

export interface AlipayConfig {
  readonly appId: string;
  readonly pid: string;
  readonly privateKey: KeyObject;
  readonly allOrNothingMerge: boolean;
  readonly endpoints: AlipayCredentials['endpoints'];
  readonly trust:
    | { readonly mode: 'key'; readonly alipayKey: KeyObject }
    | ({ readonly mode: 'certificate' } & CertificateMode);
}

export function openConfig(given: unknown): Result<AlipayConfig, ConfigProblem> {
  const checked = checkCredentials(alipayCredentialsSchema, given);
  if (!checked.ok) return checked;
  const credentials = checked.value;
  const privateKey = readPrivateKey(credentials.privateKey);
  if (privateKey === undefined) {
    return problemWith(
      'privateKey',
      'is no RSA private key of 2048 bits or more: give the application private key as PEM ' +
        '(PKCS#1 or PKCS#8) or as the bare base64 that the key tool shows',
    );
  }
  const { keys } = credentials;
  const trust = keys.mode === 'key' ? openKeyMode(keys, privateKey) : openCerts(keys, privateKey);
  if (!trust.ok) return trust;
  const { appId, pid, allOrNothingMerge, endpoints } = credentials;
  return ok({ appId, pid, privateKey, allOrNothingMerge, endpoints, trust: trust.value });
}

/** A trade belongs to the application that created it, and its money to the partner. */
export function identityOf(credentials: AlipayCredentials): WalletIdentity {
  const { appId, pid } = credentials;
  return { app_id: appId, pid };
}

export const LIVE_ENDPOINTS = {
  gateway: 'https://openapi.alipay.com/gateway.do',
  authorize: 'https://openauth.alipay.com/oauth2/publicAppAuthorize.htm',
};

/** Alipay's own sandbox. */
export const TEST_ENDPOINTS = {
  gateway: 'https://openapi-sandbox.dl.alipaydev.com/gateway.do',
  authorize: 'https://openauth-sandbox.dl.alipaydev.com/oauth2/publicAppAuthorize.htm',
};
export const TEST_DOMAINS = ['alipaydev.com'];

/** One's own certificate instead of Alipay's would show only as answers that never verify. */
export function reviewConfig({ keys, privateKey }: AlipayCredentials): readonly ConfigProblem[] {
  const key = readPrivateKey(privateKey);
  if (keys.mode !== 'certificate' || key === undefined) return [];
  const own = createPublicKey(key);
  const at = keys.alipayCerts.findIndex((text) =>
    readCertificates(text)?.[0]?.publicKey.equals(own),
  );
  if (at === -1) return [];
  const message = 'is your own application certificate: give alipayCertPublicKey_RSA2.crt';
  return [{ field: `keys.alipayCerts.${at}`, message }];
}

type Keys = AlipayCredentials['keys'];
type Trust = AlipayConfig['trust'];

function openKeyMode(
  keys: Extract<Keys, { mode: 'key' }>,
  privateKey: KeyObject,
): Result<Trust, ConfigProblem> {
  const field = 'keys.alipayPublicKey';
  const alipayKey = readPublicKey(keys.alipayPublicKey);
  if (alipayKey === undefined) {
    return problemWith(field, 'is no RSA public key: copy "支付宝公钥" from the application page');
  }
  if (alipayKey.equals(createPublicKey(privateKey))) {
    return problemWith(
      field,
      'is your own application public key (应用公钥): copy "支付宝公钥" instead, which Alipay ' +
        'shows after you uploaded yours',
    );
  }
  return ok({ mode: 'key', alipayKey });
}

function openCerts(
  keys: Extract<Keys, { mode: 'certificate' }>,
  privateKey: KeyObject,
): Result<Trust, ConfigProblem> {
  const app = readCertificates(keys.appCert)?.[0];
  const appCertSn = app === undefined ? undefined : certificateSn(app);
  if (app === undefined || appCertSn === undefined) {
    return problemWith('keys.appCert', 'is no PEM certificate: give appCertPublicKey_<app_id>.crt');
  }
  if (!app.publicKey.equals(createPublicKey(privateKey))) {
    return problemWith(
      'keys.appCert',
      'does not belong to the private key: one of the two was renewed',
    );
  }
  const roots = readCertificates(keys.alipayRootCert);
  const rootCertSn = roots === undefined ? '' : rootCertificateSn(roots);
  if (roots === undefined || rootCertSn === '') {
    return problemWith(
      'keys.alipayRootCert',
      'holds no RSA root: give alipayRootCert.crt as downloaded',
    );
  }
  const alipayKeys = new Map<string, KeyObject>();
  const subjects: string[] = [];
  for (const [index, text] of keys.alipayCerts.entries()) {
    const certificate = readCertificates(text)?.[0];
    const sn = certificate === undefined ? undefined : certificateSn(certificate);
    if (certificate === undefined || sn === undefined) {
      return problemWith(
        `keys.alipayCerts.${index}`,
        'is no PEM certificate: give alipayCertPublicKey_RSA2.crt',
      );
    }
    alipayKeys.set(sn, certificate.publicKey);
    subjects.push(certificate.subject);
  }
  return ok({ mode: 'certificate', appCertSn, rootCertSn, roots, subjects, alipayKeys });
}
