/**
 * What the load process was promised: one line an acknowledgement, on disk before the next request
 * goes out. The audit believes this file and nothing that the platform says of itself.
 */
import fs from 'node:fs';

/** A POST that was acknowledged, so that the audit can send it again under its key. */
export interface AcknowledgedPost {
  readonly shop: string;
  readonly path: string;
  readonly key: string;
  readonly body: unknown;
}

export type Entry = { readonly atMs: number } & (
  | {
      readonly what: 'intent';
      readonly id: string;
      readonly orderNo: string;
      readonly amount: number;
      readonly subOrders: readonly string[];
      readonly post: AcknowledgedPost;
    }
  | {
      readonly what: 'attempt';
      readonly id: string;
      readonly intent: string;
      readonly wallet: string;
      readonly legs: readonly string[];
      readonly post: AcknowledgedPost;
    }
  | { readonly what: 'paid'; readonly intent: string; readonly attempt: string }
  | {
      readonly what: 'refund';
      readonly id: string;
      readonly intent: string;
      readonly amount: number;
      readonly post: AcknowledgedPost;
    }
  | {
      readonly what: 'refused';
      readonly path: string;
      readonly status: number;
      readonly code: string;
    }
  | { readonly what: 'end'; readonly abandoned: number; readonly repeats: number }
);

/** An entry before it is stamped. */
export type Fact = Entry extends infer E ? (E extends Entry ? Omit<E, 'atMs'> : never) : never;

export class Journal {
  readonly #file: number;

  constructor(path: string) {
    this.#file = fs.openSync(path, 'a', 0o600);
  }

  write(fact: Fact): void {
    fs.writeSync(this.#file, `${JSON.stringify({ atMs: Date.now(), ...fact })}\n`);
    fs.fdatasyncSync(this.#file);
  }

  close(): void {
    fs.closeSync(this.#file);
  }
}

export function readJournal(path: string): Entry[] {
  if (!fs.existsSync(path)) return [];
  const lines = fs.readFileSync(path, 'utf8').split('\n');
  // A line without its end was being written: nothing was acknowledged by it yet.
  return lines.slice(0, -1).map((line) => JSON.parse(line) as Entry);
}
