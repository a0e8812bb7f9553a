/**
 * A v2 answer: `{"<method>_response":{…},"alipay_cert_sn":"…","sign":"…"}`, always HTTP 200.
 * Reading cuts out the signed text; the caller must verify it before trusting any field.
 */
import { isJsonObject, type JsonObject, parseJsonObject, readTopLevel } from './json-text.ts';

export interface V2Answer {
  /** The raw text that the signature covers. */
  readonly signedText: string;
  readonly fields: JsonObject;
  readonly isErrorResponse: boolean;
  readonly sign: string | null;
  readonly certSn: string | null;
}

export function answerKey(method: string): string {
  return `${method.replaceAll('.', '_')}_response`;
}

/** undefined = not an answer to this method at all (HTML, other JSON, a key twice). */
export function readV2Answer(text: string, method: string): V2Answer | undefined {
  const members = readTopLevel(text);
  if (members === undefined) return undefined;
  const own = members.get(answerKey(method));
  const failure = members.get('error_response');
  const signedText = own ?? failure;
  // Both at once: it would be a guess which one the signature covers.
  if (signedText === undefined || (own !== undefined && failure !== undefined)) return undefined;
  const fields = parseJsonObject(signedText);
  if (fields === undefined) return undefined;
  return {
    signedText,
    fields,
    isErrorResponse: own === undefined,
    sign: stringMember(members.get('sign')),
    certSn: stringMember(members.get('alipay_cert_sn')),
  };
}

function stringMember(raw: string | undefined): string | null {
  if (raw === undefined) return null;
  const value: unknown = JSON.parse(raw);
  return typeof value === 'string' ? value : null;
}

/** JSON as the gateway writes it: no blanks, `/` as `\/`, and no empty member. */
export function writeAnswerObject(fields: JsonObject): string {
  return JSON.stringify(dropEmpty(fields)).replaceAll('/', '\\/');
}

function dropEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(dropEmpty);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== undefined && member !== null && member !== '')
      .map(([name, member]) => [name, dropEmpty(member)]),
  );
}

export function writeV2Answer(answer: {
  readonly key: string;
  readonly objectText: string;
  readonly certSn: string | null;
  readonly sign: string | null;
}): string {
  const parts = [`"${answer.key}":${answer.objectText}`];
  if (answer.certSn !== null) parts.push(`"alipay_cert_sn":"${answer.certSn}"`);
  if (answer.sign !== null) parts.push(`"sign":"${answer.sign}"`);
  return `{${parts.join(',')}}`;
}
