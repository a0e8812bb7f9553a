/**
 * Opens credentials: parses every key once into a key object and reports, field by field, what is
 * wrong and how to fix it. No key text is kept, and no message contains one.
 *
 * The most common mistake is to supply one's own public key instead of JD's; it is detected here,
 * since otherwise it shows only as answers that never verify.
 */
import { createPublicKey } from 'node:crypto';
import { ok, type Result } from '../../kernel/result.ts';
import type { Product, WalletIdentity } from '../../kernel/wallet-names.ts';
import { type JdpayCredentials, jdpayCredentialsSchema } from '../../wires/jdpay/credentials.ts';
import { readDesKey, readPrivateKey, readPublicKey } from '../../wires/jdpay/keys.ts';
import type { MessageKeys } from '../../wires/jdpay/message.ts';
import { type ConfigProblem, checkCredentials, problemWith } from '../credentials.ts';

/** One merchant number with its own keys. */
export interface JdpayMerchant {
  readonly merchant: string;
  readonly keys: MessageKeys;
  /**
   * The number for payment codes: a failed order of it is over, since nobody holds a code to pay.
   */
  readonly takesPaymentCodes: boolean;
}

export interface JdpayConfig {
  readonly online: JdpayMerchant;
  readonly paymentCode: (JdpayMerchant & { readonly device: string }) | null;
  readonly endpoints: JdpayCredentials['endpoints'];
  readonly resultCodes: {
    readonly orderNotFound: ReadonlySet<string>;
    readonly refused: ReadonlySet<string>;
    readonly credentialsRefused: ReadonlySet<string>;
  };
}

/** The merchant number under which a product is paid; null = payment codes are not configured. */
export function merchantFor(config: JdpayConfig, product: Product): JdpayMerchant | null {
  return product === 'bar' ? config.paymentCode : config.online;
}

export function openConfig(given: unknown): Result<JdpayConfig, ConfigProblem> {
  const checked = checkCredentials(jdpayCredentialsSchema, given);
  if (!checked.ok) return checked;
  const credentials = checked.value;
  const online = openMerchant('online', credentials.online, false);
  if (!online.ok) return online;
  const paymentCode = openPaymentCode(credentials);
  if (!paymentCode.ok) return paymentCode;
  const { endpoints, resultCodes } = credentials;
  return ok({
    online: online.value,
    paymentCode: paymentCode.value,
    endpoints,
    resultCodes: {
      orderNotFound: new Set(resultCodes?.orderNotFound),
      refused: new Set(resultCodes?.refused),
      credentialsRefused: new Set(resultCodes?.credentialsRefused),
    },
  });
}

/** Payment codes have a merchant number of their own, which JD may open later. */
export function identityOf(credentials: JdpayCredentials): WalletIdentity {
  const { online, paymentCode } = credentials;
  if (paymentCode === undefined) return { merchant: online.merchant };
  return { merchant: online.merchant, payment_code_merchant: paymentCode.merchant };
}

/** JD publishes no test gateway. */
export const LIVE_ENDPOINTS = {
  api: 'https://paygate.jd.com',
  pc: 'https://wepay.jd.com',
  h5: 'https://h5pay.jd.com',
};

/** What an account works without, but which causes trouble later. */
export function adviseOn(credentials: JdpayCredentials): readonly ConfigProblem[] {
  const advice = [...weakKeys('online', credentials.online)];
  const { paymentCode, resultCodes } = credentials;
  if (paymentCode !== undefined) advice.push(...weakKeys('paymentCode', paymentCode));
  if ((resultCodes?.orderNotFound ?? []).length === 0) {
    const message =
      'is empty: an order unknown to JD stays unknown for ever, and so does its ' +
      "checkout; name the result code that JD's contract or support gives for it";
    advice.push({ field: 'resultCodes.orderNotFound', message });
  }
  return advice;
}

const STRONG_BITS = 2_048;

/** JD's wire allows 1024 bits, and JD issues such keys: accepted, with a warning. */
function weakKeys(
  place: 'online' | 'paymentCode',
  given: JdpayCredentials['online'],
): ConfigProblem[] {
  const found: ConfigProblem[] = [];
  const keys = [
    ['jdPublicKey', readPublicKey(given.jdPublicKey), "JD's callbacks can be forged"],
    ['privateKey', readPrivateKey(given.privateKey), 'requests in your name can be forged'],
  ] as const;
  for (const [name, key, harm] of keys) {
    const bits = key?.asymmetricKeyDetails?.modulusLength ?? STRONG_BITS;
    if (bits >= STRONG_BITS) continue;
    const message =
      `has ${bits} bits: by whoever can break such a key (a state, a large company) ${harm}; ` +
      'ask JD for a pair of 2048';
    found.push({ field: `${place}.${name}`, message });
  }
  return found;
}

function openPaymentCode(
  credentials: JdpayCredentials,
): Result<JdpayConfig['paymentCode'], ConfigProblem> {
  const { online, paymentCode } = credentials;
  if (paymentCode === undefined) return ok(null);
  if (paymentCode.merchant === online.merchant) {
    return problemWith(
      'paymentCode.merchant',
      'is the merchant number for online payment: give the one that JD opened for payment codes',
    );
  }
  const opened = openMerchant('paymentCode', paymentCode, true);
  return opened.ok ? ok({ ...opened.value, device: paymentCode.device }) : opened;
}

function openMerchant(
  place: 'online' | 'paymentCode',
  given: JdpayCredentials['online'],
  takesPaymentCodes: boolean,
): Result<JdpayMerchant, ConfigProblem> {
  const privateKey = readPrivateKey(given.privateKey);
  if (privateKey === undefined) {
    return problemWith(
      `${place}.privateKey`,
      'is no RSA private key of 1024 bits or more: give PEM or the bare base64 (PKCS#8 or PKCS#1)',
    );
  }
  const publicKey = readPublicKey(given.jdPublicKey);
  if (publicKey === undefined) {
    return problemWith(`${place}.jdPublicKey`, 'is no RSA public key: copy the one that JD shows');
  }
  if (publicKey.equals(createPublicKey(privateKey))) {
    return problemWith(
      `${place}.jdPublicKey`,
      'is your own public key: copy the one that JD shows',
    );
  }
  const desKey = readDesKey(given.desKey);
  if (desKey === undefined) {
    return problemWith(
      `${place}.desKey`,
      'is not the base64 of 24 bytes: copy the 3DES key as it stands',
    );
  }
  const { merchant } = given;
  return ok({ merchant, keys: { privateKey, publicKey, desKey }, takesPaymentCodes });
}
