/**
 * A second verifier of Alipay's v2 signatures, written from the protocol's description alone and
 * importing nothing of `wire/`: where no outside SDK looks (merged payments, return URLs), two
 * independent readings must agree. Blunt on purpose: no options, no recovery.
 */
import crypto from 'node:crypto';

export type Fields = Record<string, string>;

/** Request: every parameter but sign, none that is empty, sign_type inside. */
export function signRequest(fields: Fields, privateKeyPem: string): Fields {
  const signer = crypto.createSign('RSA-SHA256');
  signer.update(Buffer.from(line(fields, ['sign'], true), 'utf8'));
  return { ...fields, sign: signer.sign(privateKeyPem).toString('base64') };
}

/** Notification or return URL: sign and sign_type out, everything else as decoded once. */
export function isNotifySigned(fields: Fields, publicKeyPem: string): boolean {
  const verifier = crypto.createVerify('RSA-SHA256');
  verifier.update(Buffer.from(line(fields, ['sign', 'sign_type'], false), 'utf8'));
  return verifier.verify(publicKeyPem, Buffer.from(fields.sign ?? '', 'base64'));
}

/** Answer: the object's own bytes, between the key and what follows its last brace. */
export function isAnswerSigned(text: string, key: string, publicKeyPem: string): boolean {
  const sign = (JSON.parse(text) as { sign?: string }).sign;
  if (sign === undefined) return false;
  const from = text.indexOf('{', text.indexOf(`"${key}"`));
  // The object is followed by `,"alipay_cert_sn"` or `,"sign"`, neither of which holds a brace.
  const until = text.lastIndexOf('}', text.length - 2) + 1;
  const verifier = crypto.createVerify('RSA-SHA256');
  verifier.update(Buffer.from(text.slice(from, until), 'utf8'));
  return verifier.verify(publicKeyPem, Buffer.from(sign, 'base64'));
}

export function decodeForm(text: string): Fields {
  return Object.fromEntries(new URLSearchParams(text));
}

function line(fields: Fields, without: string[], dropEmpty: boolean): string {
  const names = Object.keys(fields).sort();
  let text = '';
  for (const name of names) {
    const value = fields[name] ?? '';
    if (without.includes(name) || (dropEmpty && value === '')) continue;
    text += `${text === '' ? '' : '&'}${name}=${value}`;
  }
  return text;
}
