/**
 * The API and the sandbox's phone and control as an outside caller uses them: plain HTTP by the
 * documented API, nothing of src. Every unexpected answer is an error that shows what came back.
 */
import { randomUUID } from 'node:crypto';

export type Json = Record<string, unknown>;

export interface Answer {
  readonly status: number;
  readonly body: Json;
  readonly headers: Headers;
}

export async function call(
  method: string,
  url: string,
  options: {
    readonly key?: string;
    readonly body?: unknown;
    readonly headers?: Record<string, string>;
  } = {},
): Promise<Answer> {
  const response = await fetch(url, {
    method,
    headers: {
      ...(options.key === undefined ? {} : { authorization: `Bearer ${options.key}` }),
      ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(method === 'POST' && options.key !== undefined
        ? { 'idempotency-key': randomUUID() }
        : {}),
      ...options.headers,
    },
    ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
  });
  const text = await response.text();
  let body: Json = {};
  try {
    body = text === '' ? {} : (JSON.parse(text) as Json);
  } catch {
    body = { text };
  }
  return { status: response.status, body, headers: response.headers };
}

export class Marketplace {
  readonly url: string;
  readonly key: string;
  readonly merchants: readonly string[];

  constructor(url: string, key: string, merchants: readonly string[]) {
    this.url = url;
    this.key = key;
    this.merchants = merchants;
  }

  async expect(status: number, method: string, path: string, body?: unknown): Promise<Json> {
    const answer = await call(method, `${this.url}${path}`, {
      key: this.key,
      ...(body === undefined ? {} : { body }),
    });
    if (answer.status !== status) {
      throw new Error(
        `${method} ${path}: ${answer.status} instead of ${status}: ${JSON.stringify(answer.body)}`,
      );
    }
    return answer.body;
  }

  /** An intent of `amounts.length` sellers. */
  createIntent(amounts: readonly number[], more: Json = {}): Promise<Json> {
    const amount = amounts.reduce((sum, part) => sum + part, 0);
    return this.expect(201, 'POST', '/v1/payment_intents', {
      amount,
      currency: 'cny',
      merchant_order_no: `T${randomUUID().replaceAll('-', '').slice(0, 24)}`,
      description: '一双布鞋 (cloth shoes)',
      sub_orders: amounts.map((part, index) => ({
        merchant: this.merchants[index],
        amount: part,
        description: `布鞋 ${index + 1}`,
      })),
      buyer: { id: 'buyer-1', device: 'desktop', ip: '203.0.113.9' },
      ...more,
    });
  }

  startAttempt(intent: string, wallet: string, product: string, payer: Json = {}): Promise<Json> {
    return this.expect(201, 'POST', `/v1/payment_intents/${intent}/attempts`, {
      wallet,
      product,
      payer,
    });
  }

  getIntent(intent: string): Promise<Json> {
    return this.expect(200, 'GET', `/v1/payment_intents/${intent}?expand[]=attempts`);
  }

  /**
   * Sums over the whole ledger: debits equal credits, every balance equals its entries (rule 5).
   */
  async ledgerProblems(): Promise<string[]> {
    const accounts = (await this.expect(200, 'GET', '/v1/ledger/accounts')).data as Json[];
    const balances = new Map<string, number>();
    let sum = 0;
    for await (const transaction of this.transactions()) {
      let own = 0;
      for (const entry of transaction.entries as Json[]) {
        const moved = Number(entry.debit) - Number(entry.credit);
        own += moved;
        balances.set(String(entry.account), (balances.get(String(entry.account)) ?? 0) + moved);
      }
      if (own !== 0) return [`transaction ${String(transaction.id)} is off by ${own}`];
      sum += own;
    }
    const problems = sum === 0 ? [] : [`the books are off by ${sum}`];
    for (const account of accounts) {
      const signed = Number(account.balance) * (account.normal === 'debit' ? 1 : -1);
      const entries = balances.get(String(account.name)) ?? 0;
      if (signed !== entries)
        problems.push(`${String(account.name)}: balance ${signed}, entries ${entries}`);
    }
    return problems;
  }

  async balanceOf(name: string): Promise<number> {
    const accounts = (await this.expect(200, 'GET', '/v1/ledger/accounts')).data as Json[];
    return Number(accounts.find((account) => account.name === name)?.balance ?? 0);
  }

  async *transactions(): AsyncGenerator<Json> {
    let after = '';
    for (;;) {
      const page = await this.expect(200, 'GET', `/v1/ledger/transactions?limit=100${after}`);
      const rows = page.data as Json[];
      yield* rows;
      if (page.has_more !== true) return;
      after = `&starting_after=${String(rows.at(-1)?.id)}`;
    }
  }
}

/** The sandbox as a buyer and a tester use it. */
export class Sandbox {
  readonly url: string;
  /** How far this caller has moved the city's clock. */
  advancedSeconds = 0;

  constructor(url: string) {
    this.url = url;
  }

  async post(path: string, body: unknown): Promise<Json> {
    const answer = await call('POST', `${this.url}${path}`, { body });
    if (answer.status !== 200 && answer.status !== 201)
      throw new Error(`POST ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  async scan(wallet: string, code: unknown): Promise<string> {
    return String((await this.post('/phone/scan', { wallet, code })).scan);
  }

  pay(scan: string, outcome = 'success'): Promise<Json> {
    return this.post('/phone/pay', { scan, outcome });
  }

  async orders(wallet: string): Promise<Json[]> {
    return (await call('GET', `${this.url}/control/orders?wallet=${wallet}`)).body.data as Json[];
  }

  fault(fault: string, more: Json = {}): Promise<Json> {
    return this.post('/control/faults', { fault, ...more });
  }

  async clearFaults(): Promise<void> {
    await call('DELETE', `${this.url}/control/faults`);
  }

  advance(seconds: number): Promise<Json> {
    this.advancedSeconds += seconds;
    return this.post('/control/clock', { advance_seconds: seconds });
  }
}

/** Asks until it is so; the last look is in the error. */
export async function until<T>(
  what: string,
  look: () => Promise<T>,
  isSo: (value: T) => boolean,
  timeoutMs = 60_000,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const value = await look();
    if (isSo(value)) return value;
    if (performance.now() > deadline)
      throw new Error(`${what}: not within ${timeoutMs} ms; last: ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
