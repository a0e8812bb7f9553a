/** The wallet's own identity in the city: its key pair, created once and kept in the journal. */
import type { KeyObject } from 'node:crypto';
import { must } from '../../../src/kernel/assert.ts';
import { keysOf } from '../../kit/keys.ts';
import type { CityKit, KeyPair } from '../../kit/kit.ts';
import { keptOnce } from '../../kit/once.ts';

/** One for all merchants of the city. */
const identity = keptOnce<KeyPair>('samplepay.house', (kit) => kit.authority.rsaKeyPair());

export const openIdentity = identity.open;

/** Every signature of the gateway is made with it. */
export function signingKey(kit: CityKit): KeyObject {
  const { privateKeyPem } = must(identity.read(kit), 'the keys of the sandbox city');
  return keysOf(kit).privateKey(privateKeyPem);
}
