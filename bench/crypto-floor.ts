/**
 * The cryptography that a WeChat payment cannot avoid on the platform's side, by itself: one
 * RSA-2048 signature (the order), two verifications (its answer, the callback), one AES-256-GCM
 * opening (the callback's resource), one HMAC-SHA256 (the webhook), over bytes of the real sizes.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  generateKeyPairSync,
  randomBytes,
  sign,
  verify,
} from 'node:crypto';
import { median } from './server-facts.ts';

const REQUEST_BYTES = 700;
const CALLBACK_BYTES = 1_200;
const RESOURCE_BYTES = 700;
const WEBHOOK_BYTES = 1_600;
const ROUNDS = 9;
const PAYMENTS_PER_ROUND = 100;

/** CPU milliseconds a payment, the median of a few rounds. */
export function measureCryptoMs(): number {
  const pay = preparePayment();
  for (let index = 0; index < PAYMENTS_PER_ROUND; index += 1) pay();
  const rounds: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = process.cpuUsage();
    for (let index = 0; index < PAYMENTS_PER_ROUND; index += 1) pay();
    const { user, system } = process.cpuUsage(before);
    rounds.push((user + system) / 1_000 / PAYMENTS_PER_ROUND);
  }
  return median(rounds);
}

function preparePayment(): () => void {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const request = randomBytes(REQUEST_BYTES);
  const callback = randomBytes(CALLBACK_BYTES);
  const webhook = randomBytes(WEBHOOK_BYTES);
  const answerSignature = sign('sha256', request, privateKey);
  const callbackSignature = sign('sha256', callback, privateKey);
  const key = randomBytes(32);
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, iv);
  const sealed = Buffer.concat([cipher.update(randomBytes(RESOURCE_BYTES)), cipher.final()]);
  const tag = cipher.getAuthTag();
  const secret = randomBytes(24);
  return () => {
    sign('sha256', request, privateKey);
    const isAnswerGood = verify('sha256', request, publicKey, answerSignature);
    const isCallbackGood = verify('sha256', callback, publicKey, callbackSignature);
    if (!isAnswerGood || !isCallbackGood) throw new Error('a signature of our own does not verify');
    const opener = createDecipheriv('aes-256-gcm', key, iv).setAuthTag(tag);
    opener.update(sealed);
    opener.final();
    createHmac('sha256', secret).update(webhook).digest('base64');
  };
}
