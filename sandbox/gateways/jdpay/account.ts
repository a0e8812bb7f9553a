/**
 * Creates a marketplace's account: one merchant number for online payments and one for payment
 * codes, each with its own keys. The gateway keeps its half in the journal; the merchant's private
 * keys are returned and stored by the caller only.
 */

import { assert } from '../../../src/kernel/assert.ts';
import type { JdpayCredentials } from '../../../src/wires/jdpay/credentials.ts';
import { DES_KEY_BYTES } from '../../../src/wires/jdpay/triple-des.ts';
import { randomDigits } from '../../kit/digits.ts';
import type { AccountRequest, CityKit, MadeAccount } from '../../kit/kit.ts';
import { openIdentity } from './identity.ts';
import { merchantsOf } from './order-store.ts';
import type { Service } from './records.ts';
import { RESULT_CODES } from './refusal.ts';

/** The `credentials.jdpay` of demo.json; `payment_code` is the second number's set. */
export interface JdpaySdkCredentials extends JdpaySdkKeys {
  readonly payment_code: JdpaySdkKeys;
}

interface JdpaySdkKeys {
  readonly merchant: string;
  readonly private_key: string;
  readonly jd_public_key: string;
  readonly des_key: string;
}

export interface JdpayMadeAccount extends MadeAccount {
  readonly credentials: JdpayCredentials;
  readonly sdkCredentials: JdpaySdkCredentials;
}

const DEVICE = 'counter1';
const BOTH: readonly Service[] = ['online', 'payment_code'];

export async function makeJdpayAccount(
  kit: CityKit,
  request: AccountRequest,
): Promise<JdpayMadeAccount> {
  assert(request.name !== '', 'an account has a name');
  // An outside client that has one number only can try everything with it.
  const isOutsider = request.label === 'credentials';
  const [online, paymentCode] = await Promise.all([
    makeMerchant(kit, request.name, isOutsider ? BOTH : ['online']),
    makeMerchant(kit, request.name, ['payment_code']),
  ]);
  return {
    credentials: {
      online: credentialsOf(online),
      paymentCode: { ...credentialsOf(paymentCode), device: DEVICE },
      endpoints: { api: kit.publicUrl, pc: kit.publicUrl, h5: kit.publicUrl },
      resultCodes: {
        orderNotFound: [RESULT_CODES.orderNotFound],
        refused: [
          RESULT_CODES.unknownMerchant,
          RESULT_CODES.badSignature,
          RESULT_CODES.serviceNotOpened,
          RESULT_CODES.fieldInvalid,
          RESULT_CODES.codeInvalid,
          RESULT_CODES.refundTooMuch,
          RESULT_CODES.notRefundable,
        ],
        credentialsRefused: [
          RESULT_CODES.unknownMerchant,
          RESULT_CODES.badSignature,
          RESULT_CODES.serviceNotOpened,
        ],
      },
    },
    sdkCredentials: { ...online, payment_code: paymentCode },
    // Sellers have no account at JD: the platform collects for them under its own numbers.
    subMerchants: request.subMerchantNames.map((name) => ({
      name,
      walletMerchant: `${online.merchant}S${randomDigits(kit.random, 6)}`,
    })),
  };
}

async function makeMerchant(
  kit: CityKit,
  name: string,
  services: readonly Service[],
): Promise<JdpaySdkKeys> {
  const [identity, pair] = await Promise.all([openIdentity(kit), kit.authority.rsaKeyPair()]);
  const merchants = merchantsOf(kit);
  const merchant = `110${randomDigits(kit.random, 6)}`;
  assert(merchants.get(merchant) === undefined, 'a merchant number is given once');
  const desKey = kit.random.bytes(DES_KEY_BYTES).toString('base64');
  merchants.put(merchant, { merchant, name, services, publicKeyPem: pair.publicKeyPem, desKey });
  return {
    merchant,
    private_key: pair.privateKeyPem,
    jd_public_key: identity.publicKeyPem,
    des_key: desKey,
  };
}

function credentialsOf(sdkCredentials: JdpaySdkKeys): JdpayCredentials['online'] {
  return {
    merchant: sdkCredentials.merchant,
    privateKey: sdkCredentials.private_key,
    jdPublicKey: sdkCredentials.jd_public_key,
    desKey: sdkCredentials.des_key,
  };
}
