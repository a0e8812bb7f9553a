/**
 * Explains to a developer why a signature was refused: the text that the gateway hashed and, if one
 * of the usual mistakes explains the signature, the text that was signed instead. JD's signature
 * reveals what was signed, so most mistakes can be named. Runs only after a refusal; it never makes
 * a request acceptable.
 */
import type { KeyObject } from 'node:crypto';
import { formSignText } from '../../../src/wires/jdpay/canonical.ts';
import type { FormFields } from '../../../src/wires/jdpay/form.ts';
import { hashText, recoverSigned } from '../../../src/wires/jdpay/signature.ts';
import { DECLARATION } from '../../../src/wires/jdpay/xml.ts';
import { canonicalBase64 } from '../../../src/wires/keys/canonical-base64.ts';
import { explained, type Guess } from '../../kit/explain.ts';
import type { Explanation } from '../../kit/kit.ts';

interface Refused {
  readonly what: string;
  readonly sign: string;
  readonly key: KeyObject;
}

export function explainMessage(refused: Refused & { readonly text: string }): Explanation {
  const { text } = refused;
  const body = text.replace(/^\s*<\?xml[^<>]*\?>\s*/, '');
  return explain(refused, text, [
    { text: body, mistake: 'the XML declaration was left out' },
    { text: `${DECLARATION}${body}`, mistake: 'another XML declaration was signed than was sent' },
    { text: `${DECLARATION}\n${body}`, mistake: 'the text was signed with a line break in it' },
    { text: text.trim(), mistake: 'the text was trimmed before signing' },
    { text: text.replaceAll('</jdpay>', ''), mistake: 'the end of the root was not signed' },
  ]);
}

export function explainForm(
  refused: Refused & { readonly plain: FormFields; readonly posted: FormFields },
): Explanation {
  const { plain, posted } = refused;
  const without = (...names: readonly string[]): FormFields =>
    Object.fromEntries(Object.entries(plain).filter(([name]) => !names.includes(name)));
  const unsorted = Object.entries(without('sign')).map(([name, value]) => `${name}=${value}`);
  const withEmpty = Object.keys(without('sign')).sort();
  return explain(refused, formSignText(plain), [
    {
      text: formSignText(without('version', 'merchant')),
      mistake: 'version and merchant are signed too',
    },
    { text: formSignText(without('version')), mistake: 'version is signed too' },
    { text: formSignText(posted), mistake: 'the values were signed after they were encrypted' },
    { text: unsorted.join('&'), mistake: 'the names were not sorted' },
    {
      text: withEmpty.map((name) => `${name}=${plain[name]}`).join('&'),
      mistake: 'empty values were signed',
    },
  ]);
}

function explain(refused: Refused, expected: string, guesses: readonly Guess[]): Explanation {
  const { what, sign, key } = refused;
  const signed = recoverSigned(key, sign);
  const hash = signed?.toString('latin1') ?? '';
  const guess = guesses.find(({ text }) => hashText(text) === hash.toLowerCase());
  const hint = signed === undefined ? unopened(sign) : unexplained(expected, signed, hash);
  return explained({ wallet: 'jdpay', what, expected }, guess, hint);
}

function unopened(sign: string): string {
  return canonicalBase64(sign) === undefined
    ? 'sign is not base64 (a "+" that became a blank on the way?)'
    : 'the merchant’s public key does not open it: another private key, or a type-2 padding';
}

function unexplained(expected: string, signed: Buffer, hash: string): string {
  if (isDigestInfo(signed)) {
    return (
      'that is SHA256withRSA (a DigestInfo of the hash): JD wants the 64 hex characters of the ' +
      'hash themselves encrypted with the private key, PKCS#1 v1.5 type 1'
    );
  }
  if (hash === hashText(expected).toUpperCase()) return 'the hash is to be lower-case hex';
  if (!/^[0-9a-f]{64}$/.test(hash)) {
    return `${hash.length} bytes were signed that are not 64 lower-case hex characters`;
  }
  return `the signed hash is ${hash}, that of the text is ${hashText(expected)}: a field changed after signing`;
}

const DIGEST_INFO = Buffer.from('3031300d060960864801650304020105000420', 'hex');

function isDigestInfo(signed: Buffer): boolean {
  return signed.subarray(0, DIGEST_INFO.length).equals(DIGEST_INFO);
}
