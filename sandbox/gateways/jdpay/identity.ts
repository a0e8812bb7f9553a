/**
 * JD's own identity in the city: its key pair, created once and kept in the journal. Every
 * signature of the gateway is made with it.
 */
import { must } from '../../../src/kernel/assert.ts';
import type { MessageKeys } from '../../../src/wires/jdpay/message.ts';
import { keysOf } from '../../kit/keys.ts';
import type { CityKit, KeyPair } from '../../kit/kit.ts';
import { keptOnce } from '../../kit/once.ts';
import type { MerchantRecord } from './records.ts';

/** One for all merchants of the city. */
const identity = keptOnce<KeyPair>('jdpay.house', (kit) => kit.authority.rsaKeyPair());

export const openIdentity = identity.open;

/** JD's private key, the merchant's public one, and the 3DES key that both have. */
export function messageKeys(kit: CityKit, merchant: MerchantRecord): MessageKeys {
  const own = must(identity.read(kit), 'the keys of the sandbox city');
  const keys = keysOf(kit);
  return {
    privateKey: keys.privateKey(own.privateKeyPem),
    publicKey: keys.publicKey(merchant.publicKeyPem),
    desKey: keys.secret(merchant.desKey, 'base64'),
  };
}
