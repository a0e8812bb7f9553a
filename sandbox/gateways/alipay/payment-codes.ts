/**
 * The app's payment codes (付款码): 16 to 24 digits beginning with 25 to 30; the city draws 18, as
 * the app does. What a code is good for stands in the kit.
 */
import type { CityKit } from '../../kit/kit.ts';
import { openPaymentCodes, type PaymentCodes } from '../../kit/payment-codes.ts';
import { randomDigits } from './identity.ts';

const DIGIT_COUNT = 18;

export function openAlipayCodes(kit: CityKit): PaymentCodes {
  const draw = (): string => `${randomPrefix(kit)}${randomDigits(kit, DIGIT_COUNT - 2)}`;
  return openPaymentCodes(kit, { collection: 'alipay.payment_codes', draw });
}

function randomPrefix(kit: CityKit): number {
  return 25 + ((kit.random.bytes(1)[0] ?? 0) % 6);
}
