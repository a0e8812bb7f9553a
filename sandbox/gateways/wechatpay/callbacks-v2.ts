/**
 * Callbacks in APIv2's format, for orders created by APIv2: a payment as XML signed like its
 * order's answers, a refund as unsigned XML around `req_info`, encrypted with the MD5 of the key.
 * Both are acknowledged by `return_code` SUCCESS.
 */
import { createCipheriv, createHash } from 'node:crypto';
import { readXml, type V2Fields, writeXml } from '../../../src/wires/wechatpay/message-v2.ts';
import { signV2, type V2SignType } from '../../../src/wires/wechatpay/signature-v2.ts';
import type { V2Draft } from './present-v2.ts';

/** What the queue stores: everything but nonce, cipher and signature. */
export interface V2Message {
  readonly mchid: string;
  /** null = a refund: nothing is signed, the fields are encrypted. */
  readonly v2SignType: V2SignType | null;
  readonly head: V2Draft;
  readonly fields: V2Draft;
}

export type V2Flaw = 'callback_bad_signature' | 'signtest' | 'key_rotated' | undefined;

export function composeV2(
  message: V2Message,
  seal: { readonly key: string; readonly nonce: string; readonly flaw: V2Flaw },
): { readonly headers: Record<string, string>; readonly body: Buffer } {
  const isSpoilt = seal.flaw === 'callback_bad_signature' || seal.flaw === 'signtest';
  const { v2SignType, head } = message;
  const common = { ...head, nonce_str: seal.nonce };
  const filled = (fields: V2Draft): V2Fields =>
    new Map(Object.entries(fields).filter(([, value]) => value !== ''));
  if (v2SignType === null) {
    const info = sealReqInfo(filled(message.fields), seal.key);
    const req_info = isSpoilt ? [...info].reverse().join('') : info;
    return wrapped(filled({ return_code: 'SUCCESS', ...common, req_info }));
  }
  const said = { return_code: 'SUCCESS', result_code: 'SUCCESS', ...common, ...message.fields };
  const fields = new Map(filled(said));
  const sign = signV2(fields, seal.key, v2SignType);
  fields.set('sign', isSpoilt ? [...sign].reverse().join('') : sign);
  return wrapped(fields);
}

function wrapped(fields: V2Fields) {
  return {
    headers: { 'content-type': 'text/xml; charset=utf-8', 'user-agent': 'Mozilla/4.0' },
    body: Buffer.from(writeXml(fields)),
  };
}

/** AES-256-ECB under the lower-case hex of the key's MD5, as APIv2 documents it. */
function sealReqInfo(fields: V2Fields, apiV2Key: string): string {
  const text = writeXml(fields)
    .replace(/^<xml>/, '<root>')
    .replace(/<\/xml>$/, '</root>');
  const key = createHash('md5').update(apiV2Key).digest('hex');
  const cipher = createCipheriv('aes-256-ecb', key, null);
  return Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]).toString('base64');
}

export function isTakenV2({ status, body }: { readonly status: number; readonly body: Buffer }) {
  const fields = status === 200 ? readXml(body.toString('utf8').trim()) : undefined;
  return fields?.get('return_code') === 'SUCCESS';
}
