/**
 * Whether a received message is UnionPay's: its signature by the method that this account agreed
 * on (never by one that the message chooses), and for certificates their chain, validity and
 * subject against the pinned root and middle.
 */
import type { Clock } from '../../runtime/clock.ts';
import type { Trust } from './config.ts';
import type { Encoding, Fields } from './wire/canonical.ts';
import { checkSigner, readCertificate } from './wire/certificates.ts';
import { type Verifier, verifyFields } from './wire/signer.ts';

export type Verdict = 'valid' | 'bad_signature' | 'unknown_key';

export async function judgeMessage(
  trust: Trust,
  wall: Clock,
  fields: Fields,
  encoding: Encoding,
): Promise<Verdict> {
  const verifier = verifierFor(trust, wall, fields);
  if (verifier === undefined) return 'unknown_key';
  return (await verifyFields(verifier, fields, encoding)) ? 'valid' : 'bad_signature';
}

function verifierFor(trust: Trust, wall: Clock, fields: Fields): Verifier | undefined {
  switch (trust.method) {
    case '01': {
      const leaf = readCertificate(fields.get('signPubKeyCert') ?? '');
      if (leaf === undefined) return undefined;
      const problem = checkSigner(leaf, trust.anchors, wall.nowMs());
      return problem === undefined ? { method: '01', publicKey: leaf.publicKey } : undefined;
    }
    case '11':
    case '12':
      return trust;
    case '21':
      return fields.get('certId') === trust.certId ? trust : undefined;
  }
}
