/**
 * The form interface (saveOrder, customerPay) and the synchronous return. The signed text is
 * `k=v&k=v…` of the plain, non-empty values, sorted by name. Then every field but version, merchant
 * and sign is sent as its 3DES hex. A return carries neither version nor merchant, and is for
 * display only: nothing that came through a buyer's browser is ever booked.
 */
import type { KeyObject } from 'node:crypto';
import { err, ok, type Result } from '../../kernel/result.ts';
import { findAmbiguous } from '../keys/signed-pairs.ts';
import { formSignText } from './canonical.ts';
import { hashText, recoverHash, signText } from './signature.ts';
import { decryptText, encryptText } from './triple-des.ts';

export type FormFields = Readonly<Record<string, string>>;

const PLAIN_NAMES: ReadonlySet<string> = new Set(['version', 'merchant', 'sign']);
const FORM_BYTES_MAX = 131_072;

export type FormFlaw =
  | { readonly code: 'malformed' | 'not_decryptable'; readonly field: string }
  | { readonly code: 'ambiguous'; readonly field: string }
  | { readonly code: 'unsigned' | 'bad_signature' };

/** The fields as posted; undefined = a value is too long. */
export function sealForm(
  keys: { readonly privateKey: KeyObject; readonly desKey: KeyObject },
  fields: FormFields,
): FormFields | undefined {
  const sealed: Record<string, string> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (value === '') continue;
    const shown = PLAIN_NAMES.has(name) ? value : encryptText(keys.desKey, value);
    if (shown === undefined) return undefined;
    sealed[name] = shown;
  }
  return { ...sealed, sign: signText(keys.privateKey, formSignText(fields)) };
}

/** The pairs of a posted form; a repeated name makes it unreadable. */
export function parseForm(body: Buffer): Result<FormFields, FormFlaw> {
  if (body.length > FORM_BYTES_MAX) return err({ code: 'malformed', field: '' });
  const fields = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(body.toString('utf8'))) {
    if (fields.has(name)) return err({ code: 'malformed', field: name });
    fields.set(name, value);
  }
  return ok(Object.fromEntries(fields));
}

/** Decrypted, not yet verified. */
export function decryptForm(desKey: KeyObject, posted: FormFields): Result<FormFields, FormFlaw> {
  const plain: [string, string][] = [];
  for (const [name, value] of Object.entries(posted)) {
    const isPlain = PLAIN_NAMES.has(name) || value === '';
    const text = isPlain ? value : decryptText(desKey, value);
    if (text === undefined) return err({ code: 'not_decryptable', field: name });
    plain.push([name, text]);
  }
  return ok(Object.fromEntries(plain));
}

/** Verified and decrypted; a text that could be split in another way is refused, signed or not. */
export function openForm(
  keys: { readonly publicKey: KeyObject; readonly desKey: KeyObject },
  posted: FormFields,
): Result<FormFields, FormFlaw> {
  const sign = Object.hasOwn(posted, 'sign') ? posted.sign : undefined;
  if (sign === undefined || sign === '') return err({ code: 'unsigned' });
  const plain = decryptForm(keys.desKey, posted);
  if (!plain.ok) return plain;
  const isSigned = recoverHash(keys.publicKey, sign) === hashText(formSignText(plain.value));
  if (!isSigned) return err({ code: 'bad_signature' });
  const ambiguous = findAmbiguous(Object.entries(plain.value).filter(([, value]) => value !== ''));
  return ambiguous === undefined ? plain : err({ code: 'ambiguous', field: ambiguous.name });
}
