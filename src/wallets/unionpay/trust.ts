/**
 * Whether a received message is UnionPay's: its signature by the method that this account agreed
 * on (never by one that the message chooses), for certificates their chain, validity and subject
 * against the pinned root and middle, and its signed text readable in one way only.
 *
 * What comes back are the known fields of what was signed. Nothing else of a message is ever read.
 */
import { err, type Result } from '../../kernel/result.ts';
import type { Clock } from '../../runtime/clock.ts';
import { readSignedPairs } from '../../wires/keys/signed-pairs.ts';
import type { Encoding, Fields } from '../../wires/unionpay/canonical.ts';
import { KNOWN_FIELDS, mayNest } from '../../wires/unionpay/known-fields.ts';
import { type Verifier, verifyFields } from '../../wires/unionpay/signature.ts';
import type { Trust } from './config.ts';

export interface Distrust {
  readonly code: 'unknown_key' | 'bad_signature' | 'ambiguous';
  readonly explain: string;
}

export async function judgeMessage(
  trust: Trust,
  wall: Clock,
  fields: Fields,
  encoding: Encoding,
): Promise<Result<Fields, Distrust>> {
  const verifier = verifierFor(trust, wall, fields);
  if (verifier === undefined) {
    return err({ code: 'unknown_key', explain: 'signPubKeyCert is none that can be trusted' });
  }
  const signed = await signedFields(verifier, fields, encoding);
  if (signed === undefined) {
    return err({ code: 'bad_signature', explain: 'the signature does not verify' });
  }
  const read = readSignedPairs(signed, KNOWN_FIELDS, mayNest);
  if (read.ok) return read;
  const { kind, name } = read.error;
  return err({ code: 'ambiguous', explain: `${name} can be read in two ways: ${kind}` });
}

/** Senders disagree on blank fields: signed with them, or without. */
async function signedFields(
  verifier: Verifier,
  fields: Fields,
  encoding: Encoding,
): Promise<Fields | undefined> {
  if (await verifyFields(verifier, fields, encoding)) return fields;
  const filled = new Map([...fields].filter(([, value]) => value !== ''));
  if (filled.size === fields.size) return undefined;
  return (await verifyFields(verifier, filled, encoding)) ? filled : undefined;
}

function verifierFor(trust: Trust, wall: Clock, fields: Fields): Verifier | undefined {
  switch (trust.method) {
    case '01': {
      const publicKey = trust.signers.keyOf(fields.get('signPubKeyCert') ?? '', wall.nowMs());
      return publicKey === undefined ? undefined : { method: '01', publicKey };
    }
    case '11':
    case '12':
      return trust;
    case '21':
      return fields.get('certId') === trust.certId ? trust : undefined;
  }
}
