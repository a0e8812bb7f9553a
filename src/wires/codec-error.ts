/**
 * What is wrong with foreign bytes: which object, its position, and the remedy. Codecs return it
 * instead of throwing. The message never repeats a value: payment codes, card numbers and keys pass
 * through here, and messages end up in logs.
 */
export type CodecErrorCode =
  | 'bad_encoding'
  | 'bad_length'
  | 'bad_tag'
  | 'bad_value'
  | 'crc_mismatch'
  | 'duplicate'
  | 'empty'
  | 'misplaced'
  | 'missing'
  | 'too_deep'
  | 'too_long'
  | 'truncated'
  | 'unsupported';

export interface CodecError {
  readonly code: CodecErrorCode;
  /** The object at fault as a path of its ids, `62/05` or `61/57`; `payload` for the whole. */
  readonly object: string;
  /** Where it starts: characters of a text, bytes of a binary format. */
  readonly position: number;
  /** A sentence: what was wrong and the remedy. Contains no value of the input. */
  readonly message: string;
}

export function codecError(
  code: CodecErrorCode,
  at: { readonly object: string; readonly position: number },
  message: string,
): CodecError {
  return Object.freeze({ code, object: at.object, position: at.position, message });
}
