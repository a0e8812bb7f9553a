/**
 * The shop's storage: one JSON line per fact, appended and synced before anything is announced,
 * folded into orders at start. No database. A last line that a crash cut short is dropped; damage
 * anywhere else prevents the start, because skipping a line could lose money.
 */
import { mkdirSync } from 'node:fs';
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { MarketplaceName } from './catalogue/catalogue.ts';
import { applyEntry, type Entry, type Order, placed } from './order.ts';

const FILE_NAME = 'orders.jsonl';

export class Journal {
  readonly #file: FileHandle;
  readonly #orders = new Map<string, Order>();
  readonly #noByIntent = new Map<string, string>();
  #bytes = 0;
  /** Writes go one behind the other, so that a line is never inside another. */
  #tail: Promise<void> = Promise.resolve();

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  static async open(dir: string): Promise<Journal> {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    const path = join(dir, FILE_NAME);
    const file = await open(path, 'a+', 0o600);
    const journal = new Journal(file);
    const bytes = await readFile(path);
    const whole = bytes.lastIndexOf(0x0a) + 1;
    if (whole < bytes.length) await file.truncate(whole);
    journal.#bytes = whole;
    const lines = bytes.subarray(0, whole).toString('utf8').split('\n').slice(0, -1);
    for (const [index, line] of lines.entries()) {
      try {
        journal.#apply(JSON.parse(line) as Entry);
      } catch (cause) {
        await file.close();
        throw new Error(`${path}: line ${index + 1} cannot be read`, { cause });
      }
    }
    return journal;
  }

  /** The order after the entry; resolves when the disk has it. */
  append(entry: Entry): Promise<Order> {
    const written = this.#tail.then(async () => {
      await this.#write(Buffer.from(`${JSON.stringify(entry)}\n`));
      return this.#apply(entry);
    });
    this.#tail = written.then(
      () => undefined,
      () => undefined,
    );
    return written;
  }

  find(no: string): Order | undefined {
    return this.#orders.get(no);
  }

  findByIntent(intentId: string): Order | undefined {
    return this.#orders.get(this.#noByIntent.get(intentId) ?? '');
  }

  /** Newest first. */
  ordersOf(marketplace: MarketplaceName, buyer: string): Order[] {
    return [...this.#orders.values()]
      .filter((order) => order.marketplace === marketplace && order.buyer === buyer)
      .reverse();
  }

  /** How many of each product were paid for: the only sales figures that the shop shows. */
  soldOf(marketplace: MarketplaceName): ReadonlyMap<string, number> {
    const sold = new Map<string, number>();
    for (const order of this.#orders.values()) {
      if (order.marketplace !== marketplace || order.status !== 'succeeded') continue;
      for (const item of order.parts.flatMap((part) => part.items)) {
        sold.set(item.productId, (sold.get(item.productId) ?? 0) + item.quantity);
      }
    }
    return sold;
  }

  async close(): Promise<void> {
    await this.#tail;
    await this.#file.close();
  }

  async #write(line: Buffer): Promise<void> {
    try {
      await this.#file.appendFile(line);
      await this.#file.datasync();
      this.#bytes += line.length;
    } catch (error) {
      // A full disk may have taken half a line: the next one must not continue it.
      await this.#file.truncate(this.#bytes);
      throw error;
    }
  }

  #apply(entry: Entry): Order {
    const no = entry.kind === 'placed' ? entry.order.no : entry.no;
    let order: Order;
    if (entry.kind === 'placed') {
      order = placed(entry.order);
    } else {
      const before = this.#orders.get(no);
      if (before === undefined) throw new Error(`an entry of the unknown order ${no}`);
      order = applyEntry(before, entry);
    }
    this.#orders.set(no, order);
    if (order.intentId !== null) this.#noByIntent.set(order.intentId, no);
    return order;
  }
}
