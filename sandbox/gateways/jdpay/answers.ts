/**
 * The gateway's own messages: the inner head, JD's signature, the merchant's 3DES key around it.
 * Only this file makes answers and callbacks.
 */
import { must } from '../../../src/kernel/assert.ts';
import {
  type MessageResult,
  resultField,
  SUCCESS_CODE,
  sealInner,
  signInner,
  VERSION,
  writeOuter,
} from '../../../src/wires/jdpay/message.ts';
import type { XmlField } from '../../../src/wires/jdpay/xml.ts';
import type { Context } from './context.ts';
import { messageKeys } from './identity.ts';
import type { MerchantRecord } from './records.ts';

const SUCCESS: MessageResult = { code: SUCCESS_CODE, desc: '成功' };

/** `isForged`: the signature belongs to another text. */
export function sealedMessage(
  context: Context,
  merchant: MerchantRecord,
  message: { readonly fields: readonly XmlField[]; readonly isForged: boolean },
): string {
  const { fields, isForged } = message;
  const keys = messageKeys(context.kit, merchant);
  const namesMerchant = fields.some(([name]) => name === 'merchant');
  const head: XmlField[] = [
    ['version', VERSION],
    ...(namesMerchant ? [] : [['merchant', merchant.merchant] as const]),
    ...resultField(SUCCESS),
  ];
  const inner = signInner(keys, [...head, ...fields]);
  // One digit of the version, after it was signed.
  const text = isForged ? inner.replace(`<version>${VERSION}<`, '<version>V2.0 <') : inner;
  const encrypt = must(sealInner(keys.desKey, text), 'a message within the limit');
  return writeOuter({ merchant: merchant.merchant, result: SUCCESS, encrypt });
}
