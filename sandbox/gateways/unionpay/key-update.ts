/** 加密公钥更新 (95): returns the certificate that card data must now be encrypted with. */
import { signPubKeyCertText } from '../../../src/wires/unionpay/certificates.ts';
import type { Answer, Call } from './context.ts';
import { refusal } from './context.ts';
import { checkFields } from './field-rules.ts';
import { readIdentity } from './identity.ts';

export function keyUpdate(call: Call): Answer {
  const problem = checkFields(call.fields, ['bizType', 'orderId', 'txnTime', 'certType']);
  if (problem !== undefined) return problem;
  if (call.fields.get('certType') !== '01') return refusal('10', 'certType 只有 01');
  const { certificatePem } = readIdentity(call.context.kit).encryption;
  return {
    respCode: '00',
    fields: { certType: '01', encryptPubKeyCert: signPubKeyCertText(certificatePem) },
  };
}
