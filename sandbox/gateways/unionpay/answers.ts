/**
 * Messages as sent on the wire: replies plain `k=v&…`, notifications form-encoded, signed by the
 * method of the merchant's request. Business fields are in alphabetical order, then signPubKeyCert,
 * then signature, and never a blank one: clients disagree on whether blanks count.
 */

import { must } from '../../../src/kernel/assert.ts';
import {
  bytesOf,
  encodingOf,
  filledFields,
  signText,
} from '../../../src/wires/unionpay/canonical.ts';
import { signPubKeyCertText } from '../../../src/wires/unionpay/certificates.ts';
import { writeReply } from '../../../src/wires/unionpay/message.ts';
import { RESP_TEXTS } from '../../../src/wires/unionpay/resp-codes.ts';
import { type Signer, signatureOf } from '../../../src/wires/unionpay/signature.ts';
import { keysOf } from '../../kit/keys.ts';
import type { CityKit, WireResponse } from '../../kit/kit.ts';
import type { Answer, Context, Message } from './context.ts';
import { readIdentity, rotateSigner } from './identity.ts';
import type { IdentityRecord, MerchantRecord, MessageFormat } from './records.ts';

export type SignatureFlaw = 'callback_bad_signature' | 'signtest' | 'key_rotated';

/** What a signature that no decoder can read looks like. */
const SIGNTEST = 'SIGNTEST/not+base64*at all';

export async function signAsGateway(
  context: Context,
  merchant: MerchantRecord | undefined,
  format: MessageFormat,
  fields: Message,
  flaw?: SignatureFlaw,
): Promise<Map<string, string>> {
  const identity =
    flaw === 'key_rotated' ? await rotateSigner(context.kit) : readIdentity(context.kit);
  const { signer, shown } = signerFor(context.kit, identity, merchant, format);
  const given = Object.entries(fields).map(([name, value]) => [name, value ?? ''] as const);
  const business = [...filledFields(given), ['signMethod', signer.method] as const];
  if ('certId' in signer && signer.method === '21') business.push(['certId', signer.certId]);
  business.sort(([a], [b]) => (a < b ? -1 : 1));
  const signed = new Map([...business, ...shown]);
  const encoding = encodingOf(format.encoding) ?? 'UTF-8';
  const signature = await signatureOf(signer, signText(signed), encoding);
  signed.set('signature', spoil(signature, flaw));
  return signed;
}

/** An unknown merchant or a message of an unknown method is answered with the certificate. */
function signerFor(
  kit: CityKit,
  identity: IdentityRecord,
  merchant: MerchantRecord | undefined,
  format: MessageFormat,
): { readonly signer: Signer; readonly shown: readonly (readonly [string, string])[] } {
  const { signMethod } = format;
  if (merchant !== undefined && (signMethod === '11' || signMethod === '12')) {
    return { signer: { method: signMethod, secureKey: merchant.secureKey }, shown: [] };
  }
  if (merchant !== undefined && signMethod === '21') {
    return { signer: { method: '21', ...identity.sm2 }, shown: [] };
  }
  const { certificatePem, privateKeyPem, certId } = must(identity.signers.at(-1), 'a signer');
  return {
    signer: { method: '01', certId, privateKey: keysOf(kit).privateKey(privateKeyPem) },
    shown: [['signPubKeyCert', signPubKeyCertText(certificatePem)]],
  };
}

function spoil(signature: string, flaw: SignatureFlaw | undefined): string {
  if (flaw === 'signtest') return SIGNTEST;
  if (flaw !== 'callback_bad_signature') return signature;
  const first = signature.charAt(0);
  return `${first === 'a' ? 'b' : 'a'}${signature.slice(1)}`;
}

const ECHOED = [
  ...['version', 'encoding', 'txnType', 'txnSubType', 'bizType', 'accessType', 'merId'],
  ...['orderId', 'txnTime', 'reqReserved'],
];

export async function replyTo(
  context: Context,
  request: {
    readonly merchant: MerchantRecord | undefined;
    readonly format: MessageFormat;
    readonly fields: ReadonlyMap<string, string>;
  },
  answer: Answer,
  flaw?: SignatureFlaw,
): Promise<WireResponse> {
  const { format, fields, merchant } = request;
  const echo = {
    ...Object.fromEntries(ECHOED.map((name) => [name, fields.get(name) ?? null])),
    ...answer.fields,
    respCode: answer.respCode,
    respMsg: respMsg(answer),
  };
  const signed = await signAsGateway(context, merchant, format, echo, flaw);
  return plainReply(writeReply(signed), format.encoding);
}

/** `成功[0000000]`: text and seven-digit internal code; brackets of our own would unbalance it. */
function respMsg({ respCode, why }: Answer): string {
  const text = why === undefined ? RESP_TEXTS[respCode] : `${RESP_TEXTS[respCode]}：${clean(why)}`;
  return `${text.slice(0, 200)}[${respCode === '00' ? '0000000' : `61000${respCode}`}]`;
}

function clean(text: string): string {
  return text.replace(/[&={}[\]\r\n]/g, ' ');
}

function plainReply(text: string, encodingName: string): WireResponse {
  const encoding = encodingOf(encodingName) ?? 'UTF-8';
  return {
    status: 200,
    headers: { 'content-type': `text/html;charset=${encoding}` },
    body: bytesOf(text, encoding),
  };
}

/** After the operation was accepted: only a query can tell the outcome. */
export const BROKEN_500: WireResponse = { status: 500, headers: {}, body: '' };
