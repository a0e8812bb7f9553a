/**
 * Explains to a developer why a signature was refused: the text that the gateway built and, if one
 * of the usual mistakes explains the signature, the text that was signed instead and where they
 * differ. Runs only after a refusal; it never makes a request acceptable.
 */
import type { KeyObject } from 'node:crypto';
import {
  notifySignText,
  requestSignText,
  serviceMessageSignText,
} from '../../../src/wires/alipay/canonical.ts';
import { parseJsonObject } from '../../../src/wires/alipay/json-text.ts';
import {
  encodeParameters,
  type Parameters,
  parseParameters,
} from '../../../src/wires/alipay/parameters.ts';
import { verifyRsa2 } from '../../../src/wires/alipay/signature.ts';
import { canonicalBase64 } from '../../../src/wires/keys/canonical-base64.ts';
import { explained, findGuess, type Guess } from '../../kit/explain.ts';
import type { Explanation } from '../../kit/kit.ts';

export async function explainRequest(refused: {
  readonly what: string;
  readonly parameters: Parameters;
  readonly queryText: string;
  readonly sign: string;
  readonly key: KeyObject;
}): Promise<Explanation> {
  const { what, parameters, queryText, sign, key } = refused;
  const hint = canonicalBase64(sign)
    ? 'no usual mistake explains it: the private key is not the one of this app_id, or a value ' +
      'changed after signing'
    : 'sign is not base64 (a "+" that became a blank on the way?)';
  const guess = await findGuess(guesses(parameters, queryText), ({ text }) =>
    verifyRsa2(text, sign, key),
  );
  const expected = requestSignText(parameters);
  return explained({ wallet: 'alipay', what, expected }, guess, hint);
}

function guesses(parameters: Parameters, queryText: string): Guess[] {
  const query = parseParameters(queryText);
  const content = parseJsonObject(parameters.get('biz_content') ?? '');
  const rewritten = new Map(parameters);
  if (content !== undefined) rewritten.set('biz_content', JSON.stringify(content));
  const encoded = new Map(
    [...parameters].map(([name, value]) => [name, encodeURIComponent(value)] as const),
  );
  const without = (name: string) => new Map([...parameters].filter(([key]) => key !== name));
  return [
    { text: notifySignText(parameters), mistake: 'sign_type was left out (that is for notify)' },
    { text: serviceMessageSignText(parameters), mistake: 'empty values were signed' },
    { text: requestSignText(encoded), mistake: 'values were urlencoded before signing' },
    { text: encodeParameters(parameters), mistake: 'the wire text was signed, unsorted' },
    { text: requestSignText(rewritten), mistake: 'biz_content was serialized again after signing' },
    { text: requestSignText(without('biz_content')), mistake: 'biz_content was not signed' },
    {
      text: query.ok ? requestSignText(query.value) : '',
      mistake: 'only the query was signed, not the body',
    },
  ];
}
