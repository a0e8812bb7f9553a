/**
 * Reading the merchant's PFX (PKCS#12). Node's own code refuses the RC2 and SHA-1 of the files that
 * the acquirer hands out and cannot give the key away, so node-forge reads it, here and nowhere
 * else; what leaves is a key object and the certificate that belongs to it.
 */
import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import forge from 'node-forge';
import { err, ok, type Result } from '../../kernel/result.ts';
import { certIdOf } from './certificates.ts';

export interface SigningIdentity {
  readonly privateKey: KeyObject;
  readonly certificate: X509Certificate;
  readonly certId: string;
}

export type PfxProblem = 'not_base64' | 'not_a_pfx' | 'wrong_password' | 'no_rsa_key' | 'no_match';

export function readPfx(base64: string, password: string): Result<SigningIdentity, PfxProblem> {
  const der = Buffer.from(base64.replace(/\s+/g, ''), 'base64');
  if (der.length === 0) return err('not_base64');
  const pfx = openPfx(der, password);
  if (!pfx.ok) return pfx;
  const privateKey = privateKeyOf(pfx.value);
  if (privateKey === undefined) return err('no_rsa_key');
  const publicKey = createPublicKey(privateKey);
  const certificate = certificatesOf(pfx.value).find((each) => each.publicKey.equals(publicKey));
  if (certificate === undefined) return err('no_match');
  return ok({ privateKey, certificate, certId: certIdOf(certificate) });
}

function openPfx(der: Buffer, password: string): Result<forge.pkcs12.Pkcs12Pfx, PfxProblem> {
  let asn1: forge.asn1.Asn1;
  try {
    asn1 = forge.asn1.fromDer(der.toString('binary'));
  } catch {
    return err('not_a_pfx');
  }
  try {
    return ok(forge.pkcs12.pkcs12FromAsn1(asn1, false, password));
  } catch (error) {
    const text = error instanceof Error ? error.message : '';
    return err(/password|MAC/i.test(text) ? 'wrong_password' : 'not_a_pfx');
  }
}

function bagsOf(pfx: forge.pkcs12.Pkcs12Pfx, bagType: string): forge.pkcs12.Bag[] {
  return pfx.getBags({ bagType })[bagType] ?? [];
}

function privateKeyOf(pfx: forge.pkcs12.Pkcs12Pfx): KeyObject | undefined {
  const { oids } = forge.pki;
  const types = [oids.pkcs8ShroudedKeyBag, oids.keyBag];
  for (const bag of types.flatMap((type) => (type === undefined ? [] : bagsOf(pfx, type)))) {
    if (bag.key) return createPrivateKey(forge.pki.privateKeyToPem(bag.key));
  }
  return undefined;
}

function certificatesOf(pfx: forge.pkcs12.Pkcs12Pfx): X509Certificate[] {
  const type = forge.pki.oids.certBag;
  return (type === undefined ? [] : bagsOf(pfx, type)).flatMap(({ cert, asn1 }) => {
    // A certificate whose key forge cannot read is kept as its ASN.1.
    const parsed = cert ? forge.pki.certificateToAsn1(cert) : asn1;
    try {
      return [new X509Certificate(Buffer.from(forge.asn1.toDer(parsed).getBytes(), 'binary'))];
    } catch {
      return [];
    }
  });
}

/** A PFX as the CFCA tool writes it: 3DES, which old and new readers open alike. */
export function writePfx(
  identity: { readonly privateKeyPem: string; readonly certificatePem: string },
  password: string,
): string {
  const key = forge.pki.privateKeyFromPem(identity.privateKeyPem);
  const certificate = forge.pki.certificateFromPem(identity.certificatePem);
  const asn1 = forge.pkcs12.toPkcs12Asn1(key, [certificate], password, { algorithm: '3des' });
  return Buffer.from(forge.asn1.toDer(asn1).getBytes(), 'binary').toString('base64');
}
