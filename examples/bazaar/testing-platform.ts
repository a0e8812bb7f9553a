/**
 * A double of the remote Hutong API for this example's tests, written by its contract: it keeps
 * intents and refunds, and signs real webhooks. It never runs outside tests.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { PaymentIntent, PaymentIntentCreateParams, Refund } from '@hutong/sdk';
import { Webhook } from 'standardwebhooks';

export const SECRETS = {
  taobao: `whsec_${Buffer.alloc(32, 1).toString('base64')}`,
  tmall: `whsec_${Buffer.alloc(32, 2).toString('base64')}`,
};

export interface Call {
  readonly method: string;
  readonly path: string;
  readonly key: string | undefined;
  readonly authorization: string | undefined;
  readonly body: unknown;
}

type Answer = { readonly status: number; readonly body: unknown };

export class FakePlatform {
  readonly intents = new Map<string, PaymentIntent>();
  readonly refunds = new Map<string, Refund>();
  readonly calls: Call[] = [];
  /** Answers to give before the real ones. */
  readonly failures: Answer[] = [];
  url = '';
  #count = 0;
  readonly #versions = new Map<string, number>();
  readonly #byKey = new Map<string, Answer>();
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => this.#serve(request, response, Buffer.concat(chunks).toString()));
    });
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** A signed delivery's body and headers. */
  event(
    marketplace: keyof typeof SECRETS,
    type: string,
    object: { readonly id: string },
    more: { readonly version?: number; readonly id?: string } = {},
  ): { body: string; headers: Record<string, string> } {
    const version = more.version ?? (this.#versions.get(object.id) ?? 1) + 1;
    this.#versions.set(object.id, version);
    const id = more.id ?? this.#id('evt');
    const now = new Date();
    const body = JSON.stringify({
      id,
      object: 'event',
      type,
      created_at: now.toISOString(),
      object_version: version,
      data: { object },
    });
    return {
      body,
      headers: {
        'content-type': 'application/json',
        'webhook-id': id,
        'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
        'webhook-signature': new Webhook(SECRETS[marketplace]).sign(id, now, body),
      },
    };
  }

  setIntent(id: string, change: Partial<PaymentIntent>): PaymentIntent {
    const intent = { ...(this.intents.get(id) as PaymentIntent), ...change };
    this.intents.set(id, intent);
    return intent;
  }

  setRefund(id: string, status: Refund['status']): Refund {
    const refund = { ...(this.refunds.get(id) as Refund), status };
    this.refunds.set(id, refund);
    return refund;
  }

  #serve(request: IncomingMessage, response: ServerResponse, text: string): void {
    const path = request.url ?? '';
    const key = request.headers['idempotency-key'] as string | undefined;
    const body: unknown = text === '' ? undefined : JSON.parse(text);
    const { authorization } = request.headers;
    this.calls.push({ method: request.method ?? '', path, key, authorization, body });
    if (path.startsWith('/pay/')) {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<title>cashier</title>');
      return;
    }
    const answer = this.failures.shift() ?? this.#answer(path, key, body);
    response.writeHead(answer.status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer.body));
  }

  #answer(path: string, key: string | undefined, body: unknown): Answer {
    if (path === '/v1/webhook_endpoints') {
      return { status: 201, body: { id: this.#id('we'), secret: SECRETS.taobao } };
    }
    if (/^\/v1\/merchants\/[^/]+\/counters$/.test(path)) {
      return { status: 201, body: this.#counter(path.split('/')[3] ?? '', body) };
    }
    if (key === undefined) return refusal(400, 'idempotency_error', 'idempotency_key_missing');
    const replay = this.#byKey.get(key);
    if (replay !== undefined) return replay;
    const answer = this.#create(path, body);
    this.#byKey.set(key, answer);
    return answer;
  }

  #create(path: string, body: unknown): Answer {
    if (path === '/v1/payment_intents')
      return this.#createIntent(body as PaymentIntentCreateParams);
    if (path.endsWith('/attempts')) return this.#createAttempt(path.split('/')[3] ?? '');
    return this.#createRefund(body as Refund);
  }

  #counter(merchant: string, body: unknown): unknown {
    const { name } = body as { name: string };
    return { id: 'ctr_1', object: 'counter', merchant, name, url: `${this.url}/c/1` };
  }

  #createAttempt(intent: string): Answer {
    const attempt = { id: this.#id('pa'), object: 'payment_attempt', payment_intent: intent };
    return { status: 201, body: { ...attempt, wallet: 'alipay', status: 'pending', legs: [] } };
  }

  #createIntent(body: PaymentIntentCreateParams): Answer {
    const total = body.sub_orders.reduce((sum, sub) => sum + sub.amount, 0);
    if (total !== body.amount) return refusal(400, 'invalid_request_error', 'amount_mismatch');
    const id = this.#id('pi');
    const intent: PaymentIntent = {
      id,
      object: 'payment_intent',
      amount: body.amount,
      amount_received: 0,
      amount_refunded: 0,
      currency: 'cny',
      status: 'requires_wallet',
      merchant_order_no: body.merchant_order_no,
      description: body.description,
      sub_orders: body.sub_orders.map(
        ({ merchant, amount, description, merchant_sub_order_no }) => ({
          id: this.#id('so'),
          object: 'sub_order',
          ...{ merchant, amount, amount_refunded: 0, description },
          ...{ merchant_sub_order_no: merchant_sub_order_no ?? null, items: null, splits: null },
        }),
      ),
      latest_attempt: null,
      succeeded_attempt: null,
      wallet: null,
      return_url: body.return_url ?? null,
      created_at: new Date().toISOString(),
      expires_at: new Date().toISOString(),
    };
    this.intents.set(id, intent);
    return { status: 201, body: { ...intent, cashier_url: `${this.url}/pay/${id}` } };
  }

  #createRefund(body: Refund): Answer {
    const refund: Refund = {
      ...body,
      id: this.#id('re'),
      object: 'refund',
      leg: this.#id('pl'),
      status: 'pending',
    };
    this.refunds.set(refund.id, refund);
    return { status: 201, body: refund };
  }

  #id(prefix: string): string {
    this.#count += 1;
    return `${prefix}_${String(this.#count).padStart(13, '0')}`;
  }
}

export function refusal(status: number, type: string, code: string, retryable = false): Answer {
  const error = { type, code, message: code, request_id: 'req_fake', retryable };
  return { status, body: { error } };
}
