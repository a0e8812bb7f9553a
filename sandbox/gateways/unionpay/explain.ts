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
import { explained, findGuess, type Guess } from '../../kit/explain.ts';
import type { Explanation } from '../../kit/kit.ts';

interface Refused {
  readonly fields: Fields;
  readonly verifier: Verifier;
  readonly encoding: Encoding;
}

export async function explainSignature(what: string, refused: Refused): Promise<Explanation> {
  const { fields, verifier, encoding } = refused;
  const expected = signText(fields);
  const hint = isReadable(refused)
    ? 'no usual mistake explains it: the private key is not the one of this certId, or a value changed after signing'
    : 'signature is unreadable (a "+" that became a blank on the way?)';
  const slip = await findGuess(guesses(fields), ({ changed }) =>
    verifyFields(verifier, changed, encoding),
  );
  const guess =
    slip ??
    (isHashedOnce(refused, expected) ? { text: expected, mistake: HASHED_ONCE } : undefined);
  return explained({ wallet: 'unionpay', what, expected }, guess, hint);
}

const HASHED_ONCE =
  'the text was hashed once: sign the 64 lower-case hex characters of its SHA-256, with SHA256withRSA';

function guesses(fields: Fields): readonly (Guess & { readonly changed: Map<string, string> })[] {
  const every = (change: (value: string) => string) =>
    new Map(
      [...fields].map(([name, value]) => {
        const isKept = name === 'signature' || name === 'signMethod';
        return [name, isKept ? value : change(value)] as const;
      }),
    );
  const without = (left: string) => new Map([...fields].filter(([name]) => name !== left));
  const guess = (changed: Map<string, string>, mistake: string) => {
    return { changed, text: signText(changed), mistake };
  };
  return [
    guess(every(encodeURIComponent), 'values were url-encoded before signing'),
    guess(without('certId'), 'certId was added after signing: it is signed too'),
    guess(
      every((value) => value.trim()),
      'values were trimmed only for signing',
    ),
    guess(
      every((value) => value.replaceAll(' ', '+')),
      'a "+" became a blank: values are percent-encoded in the form, "+" as %2B',
    ),
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
