/**
 * What the fuzz runner wants of a parser of foreign bytes. A new one is a row in the list of its
 * kind (`qr-parsers.ts`, `nfc-parsers.ts`, one file a wallet), and its list a line in `parsers.ts`.
 */
import type { Result } from '../../src/kernel/result.ts';

export interface FuzzParser {
  readonly name: string;
  /** Inputs that it accepts: what mutations start from. Text as UTF-8. */
  readonly seeds: readonly Buffer[];
  /**
   * Never throws: an exception is a crash. A refusal carries a code, so that the sender of the
   * bytes can learn what was wrong.
   */
  readonly parse: (input: Buffer) => FuzzResult | Promise<FuzzResult>;
  /**
   * Looks at an accepted input that is no seed: true = it should have been refused (a signature,
   * MAC or checksum that does not fit, judged by other means than the parser's own).
   */
  readonly isForgery?: (input: Buffer, accepted: unknown) => boolean;
}

export type FuzzResult = Result<unknown, { readonly code: string }>;
