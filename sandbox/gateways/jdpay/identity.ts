/**
 * JD's own side of the city: its key pair, made once and kept in the journal, and the key objects
 * of every merchant, each built once. Every signature of the gateway is made with what is here.
 */
import { createPrivateKey, createPublicKey, createSecretKey, type KeyObject } from 'node:crypto';
import { present } from '../../../src/kernel/assert.ts';
import type { MessageKeys } from '../../../src/wires/jdpay/message.ts';
import type { CityKit } from '../../kit/kit.ts';
import type { HouseRecord, MerchantRecord } from './records.ts';

const HOUSE = 'house';

function readHouse(kit: CityKit): HouseRecord | undefined {
  return kit.journal.collection<HouseRecord>('jdpay.house').get(HOUSE);
}

/** Accounts are made side by side and all live in one house: the first to ask builds it. */
const building = new WeakMap<CityKit, Promise<HouseRecord>>();

export function openHouse(kit: CityKit): Promise<HouseRecord> {
  const kept = readHouse(kit);
  if (kept !== undefined) return Promise.resolve(kept);
  const house = building.get(kit) ?? buildHouse(kit);
  building.set(kit, house);
  return house;
}

async function buildHouse(kit: CityKit): Promise<HouseRecord> {
  const house = await kit.authority.rsaKeyPair();
  kit.journal.collection<HouseRecord>('jdpay.house').put(HOUSE, house);
  return house;
}

export interface KeyCabinet {
  /** JD's private key, the merchant's public one, and the 3DES key that both have. */
  readonly of: (merchant: MerchantRecord) => MessageKeys;
}

export function openKeyCabinet(kit: CityKit): KeyCabinet {
  const kept = new Map<string, MessageKeys>();
  let housePrivateKey: KeyObject | undefined;
  return {
    of: (merchant) => {
      const known = kept.get(merchant.merchant);
      if (known !== undefined) return known;
      housePrivateKey ??= createPrivateKey(present(readHouse(kit), 'the house').privateKeyPem);
      const keys: MessageKeys = {
        privateKey: housePrivateKey,
        publicKey: createPublicKey(merchant.publicKeyPem),
        desKey: createSecretKey(Buffer.from(merchant.desKey, 'base64')),
      };
      kept.set(merchant.merchant, keys);
      return keys;
    },
  };
}
