/**
 * Creates a marketplace's account: its number and its key pair. The gateway keeps the public half
 * in the journal; the private key is returned and stored by the caller only.
 */
import { assert } from '../../../src/kernel/assert.ts';
import type { SamplepayCredentials } from '../../../src/wires/samplepay/credentials.ts';
import { randomDigits } from '../../kit/digits.ts';
import type { AccountRequest, CityKit, MadeAccount } from '../../kit/kit.ts';
import { openIdentity } from './identity.ts';
import { merchantsOf } from './order-store.ts';

/** The `credentials.samplepay` of demo.json, for outside clients. */
interface SamplepaySdkCredentials {
  readonly merchant: string;
  readonly private_key: string;
  readonly wallet_public_key: string;
}

interface SamplepayMadeAccount extends MadeAccount {
  readonly credentials: SamplepayCredentials;
  readonly sdkCredentials: SamplepaySdkCredentials;
}

export async function makeSamplepayAccount(
  kit: CityKit,
  request: AccountRequest,
): Promise<SamplepayMadeAccount> {
  assert(request.name !== '', 'an account has a name');
  const [identity, pair] = await Promise.all([openIdentity(kit), kit.authority.rsaKeyPair()]);
  const merchants = merchantsOf(kit);
  const merchant = randomDigits(kit.random, 8, '90');
  assert(merchants.get(merchant) === undefined, 'a merchant number is given once');
  merchants.put(merchant, { merchant, name: request.name, publicKeyPem: pair.publicKeyPem });
  return {
    credentials: {
      merchant,
      privateKey: pair.privateKeyPem,
      walletPublicKey: identity.publicKeyPem,
      endpoints: { gateway: kit.publicUrl },
    },
    sdkCredentials: {
      merchant,
      private_key: pair.privateKeyPem,
      wallet_public_key: identity.publicKeyPem,
    },
    subMerchants: request.subMerchantNames.map((name) => ({
      name,
      walletMerchant: randomDigits(kit.random, 8, '91'),
    })),
  };
}
