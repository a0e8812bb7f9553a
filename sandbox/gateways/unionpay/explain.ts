/**
 * Explains to a developer why a signature was refused: the text that the gateway built and, if one
 * of the usual mistakes explains the signature, the text that was signed instead. Runs only after a
 * refusal; it never makes a request acceptable.
 */
import { verify } from 'node:crypto';
import {
  bytesOf,
  type Encoding,
  type Fields,
  signText,
} from '../../../src/wires/unionpay/canonical.ts';
import { base64Bytes, type Verifier, verifyFields } from '../../../src/wires/unionpay/signature.ts';
import type { Explanation } from '../../kit/kit.ts';

interface Refused {
  readonly fields: Fields;
  readonly verifier: Verifier;
  readonly encoding: Encoding;
}

export async function explainSignature(what: string, refused: Refused): Promise<Explanation> {
  const { fields } = refused;
  const expected = signText(fields);
  const common = { wallet: 'unionpay', what, expected } as const;
  for (const { changed, mistake } of guesses(fields)) {
    const looksSigned = await verifyFields(refused.verifier, changed, refused.encoding);
    if (looksSigned) return { ...common, received: signText(changed), hint: mistake };
  }
  if (isHashedOnce(refused, expected)) {
    const hint =
      'the text was hashed once: sign the 64 lower-case hex characters of its SHA-256, with SHA256withRSA';
    return { ...common, received: expected, hint };
  }
  const hint = isReadable(refused)
    ? 'no usual mistake explains it: the private key is not the one of this certId, or a value changed after signing'
    : 'signature is unreadable (a "+" that became a blank on the way?)';
  return { ...common, received: null, hint };
}

function guesses(
  fields: Fields,
): { readonly changed: Map<string, string>; readonly mistake: string }[] {
  const every = (change: (value: string, name: string) => string) =>
    new Map(
      [...fields].map(([name, value]) => {
        const kept = name === 'signature' || name === 'signMethod';
        return [name, kept ? value : change(value, name)] as const;
      }),
    );
  const without = (left: string) => new Map([...fields].filter(([name]) => name !== left));
  return [
    { changed: every(encodeURIComponent), mistake: 'values were url-encoded before signing' },
    { changed: without('certId'), mistake: 'certId was added after signing: it is signed too' },
    { changed: every((value) => value.trim()), mistake: 'values were trimmed only for signing' },
    {
      changed: every((value) => value.replaceAll(' ', '+')),
      mistake: 'a "+" became a blank: values are percent-encoded in the form, "+" as %2B',
    },
  ];
}

function isHashedOnce({ verifier, fields, encoding }: Refused, text: string): boolean {
  const signature = base64Bytes(fields.get('signature') ?? '');
  if (verifier.method !== '01' || signature === undefined) return false;
  return verify('sha256', bytesOf(text, encoding), verifier.publicKey, signature);
}

function isReadable({ verifier, fields }: Refused): boolean {
  const signature = fields.get('signature') ?? '';
  if (verifier.method === '01' || verifier.method === '21') {
    return base64Bytes(signature) !== undefined;
  }
  return /^[0-9a-f]{64}$/.test(signature);
}
