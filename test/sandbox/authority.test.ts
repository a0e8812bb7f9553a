import { execFileSync } from 'node:child_process';
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openAuthority } from '../../sandbox/kit/authority.ts';
import { wallClock } from '../../src/runtime/clock.ts';
import { systemRandom } from '../../src/runtime/random.ts';
import { temporaryDir } from './support.ts';

const authority = openAuthority({ wall: wallClock, random: systemRandom });

describe('authority', () => {
  it('makes a root and leafs that the openssl command verifies, also after a restart', async () => {
    const serials = { bytes: 20 };
    const root = await authority.root('C=CN, O=Hutong Sandbox, CN=Sandbox Root', serials);
    const reopened = await authority.openRoot(root, serials);
    const dir = temporaryDir();
    writeFileSync(join(dir, 'root.pem'), root.certificatePem);
    for (const [index, issuer] of [root, reopened].entries()) {
      const pair = await authority.rsaKeyPair();
      const leaf = await issuer.issue({
        subject: 'C=CN, O=杭州茶叶店, CN=1900000109',
        publicKeyPem: pair.publicKeyPem,
        notAfterYears: 5,
      });
      const path = join(dir, `leaf${index}.pem`);
      writeFileSync(path, leaf.certificatePem);
      const said = execFileSync('openssl', [
        ...['verify', '-x509_strict', '-CAfile', join(dir, 'root.pem'), path],
      ]).toString();
      expect(said).toContain('OK');
      const certificate = new X509Certificate(leaf.certificatePem);
      expect(leaf.serial).toMatch(/^[1-9A-F][0-9A-F]{39}$/);
      expect(certificate.serialNumber).toBe(leaf.serial);
      expect(certificate.subject).toContain('O=杭州茶叶店');
      expect(certificate.ca).toBe(false);
      expect(certificate.verify(createPublicKey(root.certificatePem))).toBe(true);
      expect(certificate.checkPrivateKey(createPrivateKey(pair.privateKeyPem))).toBe(true);
    }
  });

  it('F1: numbers certificates by length and first bytes, in DER without a leading zero', async () => {
    const root = await authority.root('CN=Dated', { bytes: 16, prefix: '20261128' });
    const short = await authority.openRoot(root, { bytes: 5, prefix: '10' });
    const { publicKeyPem } = await authority.rsaKeyPair();
    const leaf = { subject: 'CN=leaf', publicKeyPem, notAfterYears: 1 };
    const [dated, five] = await Promise.all([root.issue(leaf), short.issue(leaf)]);
    const serialOf = (pem: string) => new X509Certificate(pem).serialNumber;
    expect(serialOf(root.certificatePem)).toMatch(/^20261128[0-9A-F]{24}$/);
    expect(serialOf(dated.certificatePem)).toBe(dated.serial);
    expect(dated.serial).toMatch(/^20261128[0-9A-F]{24}$/);
    expect(five.serial).toMatch(/^10[0-9A-F]{8}$/);
    for (const prefix of ['0f', '80', '1', 'zz']) {
      await expect(authority.root(`CN=${prefix}`, { bytes: 5, prefix })).rejects.toThrow();
    }
  });
});
