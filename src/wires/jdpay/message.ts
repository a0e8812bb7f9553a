/**
 * A message of the XML interface: an outer document whose `encrypt` holds the signed inner one.
 *
 *   sign text   the inner document without `<sign>…</sign>`, exactly as it stands
 *   encrypt     base64( hex( 3DES( inner document ) ) )
 *
 * The raw text is verified, and that very text is read afterwards: the inner document of an opened
 * message is parsed from the bytes whose hash was signed. The outer fields are not authenticated.
 */
import type { KeyObject } from 'node:crypto';
import { err, ok, type Result } from '../../kernel/result.ts';
import { canonicalBase64 } from '../keys/canonical-base64.ts';
import { cutSign, signTexts } from './canonical.ts';
import { hashText, recoverHash, signText } from './signature.ts';
import { decryptText, encryptText, PLAIN_BYTES_MAX } from './triple-des.ts';
import { childOf, readXml, textOf, writeXml, type XmlElement, type XmlField } from './xml.ts';

export const VERSION = 'V2.0';
export const SUCCESS_CODE = '000000';
const ROOT = 'jdpay';
const END = `</${ROOT}>`;
/** base64 of hex of the longest plain text, and the outer fields. */
export const MESSAGE_BYTES_MAX = Math.ceil((2 * (PLAIN_BYTES_MAX + 8) * 4) / 3) + 8_192;

/** The keys that open and make messages: ours for signing, the other side's for verifying. */
export interface MessageKeys {
  readonly desKey: KeyObject;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** The result block of an answer. */
export interface MessageResult {
  readonly code: string;
  readonly desc: string;
}

export interface OuterMessage {
  readonly version: string;
  readonly merchant: string;
  readonly result: MessageResult | null;
  readonly encrypt: string | null;
}

export interface OpenedMessage {
  readonly fields: XmlElement;
  /** The signed text's hash: the same whenever the same message is sent again. */
  readonly hash: string;
}

export type MessageFlaw =
  | 'too_long'
  | 'not_base64'
  | 'not_decryptable'
  | 'unsigned'
  | 'bad_signature'
  | 'not_xml';

/** The inner text with its signature just before the end. */
export function signInner(
  keys: Pick<MessageKeys, 'privateKey'>,
  fields: readonly XmlField[],
): string {
  const text = writeXml(ROOT, fields);
  return `${text.slice(0, -END.length)}<sign>${signText(keys.privateKey, text)}</sign>${END}`;
}

/** undefined = too long for a message. */
export function sealInner(desKey: KeyObject, innerText: string): string | undefined {
  const hex = encryptText(desKey, innerText);
  return hex === undefined ? undefined : Buffer.from(hex, 'latin1').toString('base64');
}

export function writeOuter(message: {
  readonly merchant: string;
  readonly result?: MessageResult;
  readonly encrypt?: string;
}): string {
  const { merchant, result, encrypt = '' } = message;
  return writeXml(ROOT, [
    ['version', VERSION],
    ['merchant', merchant],
    ...resultField(result),
    ['encrypt', encrypt],
  ]);
}

export function resultField(result: MessageResult | undefined): XmlField[] {
  if (result === undefined) return [];
  return [
    [
      'result',
      [
        ['code', result.code],
        ['desc', result.desc],
      ],
    ],
  ];
}

/** undefined = not a message at all (a proxy's page, truncated, another version's). */
export function readOuter(body: Buffer): OuterMessage | undefined {
  if (body.length > MESSAGE_BYTES_MAX) return undefined;
  const root = readXml(body.toString('utf8'));
  if (root?.name !== ROOT) return undefined;
  const version = textOf(root, 'version');
  const merchant = textOf(root, 'merchant');
  if (version !== VERSION || merchant === undefined) return undefined;
  return { version, merchant, result: readResult(root), encrypt: textOf(root, 'encrypt') ?? null };
}

export function readResult(element: XmlElement): MessageResult | null {
  const result = childOf(element, 'result');
  const code = textOf(result, 'code');
  return code === undefined ? null : { code, desc: textOf(result, 'desc') ?? '' };
}

/** The inner text of `encrypt`, not yet verified: only for explaining a refusal. */
export function decryptInner(desKey: KeyObject, encrypt: string): Result<string, MessageFlaw> {
  if (encrypt.length > MESSAGE_BYTES_MAX) return err('too_long');
  const hex = canonicalBase64(encrypt);
  if (hex === undefined) return err('not_base64');
  const text = decryptText(desKey, hex.toString('latin1'));
  return text === undefined ? err('not_decryptable') : ok(text);
}

export function openMessage(
  keys: Pick<MessageKeys, 'desKey' | 'publicKey'>,
  encrypt: string,
): Result<OpenedMessage, MessageFlaw> {
  const inner = decryptInner(keys.desKey, encrypt);
  return inner.ok ? openInner(keys, inner.value) : inner;
}

/** The result of `decryptInner`, verified. */
export function openInner(
  keys: Pick<MessageKeys, 'publicKey'>,
  inner: string,
): Result<OpenedMessage, MessageFlaw> {
  const cut = cutSign(inner);
  if (cut === undefined) return err('unsigned');
  const hash = recoverHash(keys.publicKey, cut.sign);
  const signed = signTexts(cut.text).find((text) => hashText(text) === hash);
  if (hash === undefined || signed === undefined) return err('bad_signature');
  const fields = readXml(signed);
  const isOurs = fields?.name === ROOT && textOf(fields, 'version') === VERSION;
  return fields === undefined || !isOurs ? err('not_xml') : ok({ fields, hash });
}
