/**
 * Authenticates a request. Only the merchant's own key for the method that the request names is
 * used; a refusal is respCode 11 and an explanation with both texts. There is no bypass, neither
 * for a browser's form nor for a server's call.
 */

import { err, ok, type Result } from '../../../src/kernel/result.ts';
import { type Encoding, type Fields, signText } from '../../../src/wires/unionpay/canonical.ts';
import {
  isSignMethod,
  type Verifier,
  verifyFields,
} from '../../../src/wires/unionpay/signature.ts';
import { keysOf } from '../../kit/keys.ts';
import { type Answer, type Call, type Context, refusal } from './context.ts';
import { explainSignature } from './explain.ts';
import type { MerchantRecord, MessageFormat } from './records.ts';

export interface Unverified {
  readonly merchant: MerchantRecord | undefined;
  readonly format: MessageFormat;
  readonly fields: Fields;
}

export type Refused = { readonly unverified: Unverified; readonly answer: Answer };

export async function authenticate(
  context: Context,
  received: { readonly fields: Fields; readonly encoding: Encoding; readonly what: string },
): Promise<Result<Call, Refused>> {
  // Blank fields do not count: SDKs leave them out of the signed text, yet some send them.
  const fields = new Map([...received.fields].filter(([, value]) => value !== ''));
  const merchant = context.store.merchants.get(fields.get('merId') ?? '');
  const method = fields.get('signMethod');
  const format: MessageFormat = {
    encoding: fields.get('encoding') ?? received.encoding,
    signMethod: isSignMethod(method) ? method : '01',
  };
  const refuse = (answer: Answer) => err({ unverified: { merchant, format, fields }, answer });
  if (fields.get('version') !== '5.1.0') return refuse(refusal('10', 'version 不是 5.1.0'));
  if (merchant === undefined) return refuse(refusal('31', 'merId 未登记'));
  if (!isSignMethod(method)) return refuse(refusal('11', 'signMethod 不支持'));
  const verifier = verifierOf(context, merchant, method);
  if (verifier === undefined) return refuse(refusal('11', '该商户未开通此签名方式'));
  const certId = certIdFor(merchant, verifier);
  if (certId !== null && fields.get('certId') !== certId) {
    const hint = `certId is ${fields.get('certId') ?? 'missing'}, the certificate's is ${certId}: a decimal text, read as BigInt`;
    explainRefusal(context, received.what, fields, hint);
    return refuse(refusal('11', 'certId 与商户证书不符'));
  }
  const { encoding } = received;
  if (await verifyFields(verifier, fields, encoding))
    return ok({ context, merchant, format, fields });
  const explanation = await explainSignature(received.what, { fields, verifier, encoding });
  context.kit.explanations.add(explanation);
  return refuse(refusal('11', '详见沙箱日志'));
}

function explainRefusal(context: Context, what: string, fields: Fields, hint: string): void {
  context.kit.explanations.add({
    ...{ wallet: 'unionpay', what, hint },
    expected: signText(fields),
    received: null,
  });
}

function verifierOf(
  { kit }: Context,
  merchant: MerchantRecord,
  method: Verifier['method'],
): Verifier | undefined {
  switch (method) {
    case '01':
      return { method, publicKey: keysOf(kit).certified(merchant.certificatePem) };
    case '11':
    case '12':
      return { method, secureKey: merchant.secureKey };
    case '21':
      return merchant.sm2 === null ? undefined : { method, ...merchant.sm2 };
  }
}

function certIdFor(merchant: MerchantRecord, verifier: Verifier): string | null {
  if (verifier.method === '01') return merchant.certId;
  return verifier.method === '21' ? verifier.certId : null;
}
