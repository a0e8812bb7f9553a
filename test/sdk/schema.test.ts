/** The SDK and the API's document cannot drift apart: its types, and the calls that it makes. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Hutong } from '../../sdk/src/index.ts';
import { sdkResources } from '../../tools/sdk-resources.ts';
import { sdkSchema } from '../../tools/sdk-schema.ts';

const committed = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
}
const { paths } = JSON.parse(committed('openapi.json')) as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
};
/** `POST /v1/refunds` and whether it takes an Idempotency-Key. */
const OPERATIONS: ReadonlyMap<string, boolean> = new Map(
  Object.entries(paths).flatMap(([path, calls]) =>
    Object.entries(calls).map(([method, { parameters = [] }]) => {
      const isKeyed = parameters.some(({ name }) => name === 'Idempotency-Key');
      return [`${method.toUpperCase()} ${path}`, isKeyed] as const;
    }),
  ),
);

/** Calls as they are typed. A method without one is called with ids for whatever it takes. */
const CALLS: Readonly<Record<string, (hutong: Hutong) => unknown>> = {
  'paymentIntents.create': (h) =>
    h.paymentIntents.create({
      ...{ amount: 1, currency: 'cny', merchant_order_no: '1', description: 'd' },
      sub_orders: [{ merchant: 'mer_1', amount: 1, description: 'd' }],
      buyer: { id: 'b', device: 'desktop' },
    }),
  'paymentIntents.retrieve': (h) => h.paymentIntents.retrieve('pi_1'),
  'paymentIntents.list': (h) => h.paymentIntents.list(),
  'paymentIntents.cancel': (h) => h.paymentIntents.cancel('pi_1'),
  'paymentIntents.resolve': (h) =>
    h.paymentIntents.resolve('pi_1', { outcome: 'accept', reason: 'r' }),
  'paymentIntents.offers': (h) => h.paymentIntents.offers('pi_1'),
  'paymentIntents.code': (h) => h.paymentIntents.code('pi_1'),
  'paymentIntents.createAttempt': (h) =>
    h.paymentIntents.createAttempt('pi_1', { wallet: 'alipay', product: 'page' }),
  'attempts.create': (h) => h.attempts.create('pi_1', { payer: { auth_code: '1' } }),
  'attempts.list': (h) => h.attempts.list('pi_1'),
  'attempts.retrieve': (h) => h.attempts.retrieve('pi_1', 'pa_1'),
  'refunds.create': (h) =>
    h.refunds.create({ payment_intent: 'pi_1', sub_order: 'so_1', amount: 1, reason: 'r' }),
  'refunds.retrieve': (h) => h.refunds.retrieve('re_1'),
  'merchants.create': (h) => h.merchants.create({ name: 'shop' }),
  'merchants.list': (h) => h.merchants.list(),
  'merchants.walletAccounts': (h) => h.merchants.walletAccounts('mer_1'),
  'interconnects.list': (h) => h.interconnects.list(),
  'interconnects.set': (h) =>
    h.interconnects.set({
      ...{ payer_wallet: 'unionpay', acceptor_wallet: 'wechatpay', status: 'active' },
    }),
  'counters.create': (h) => h.counters.create('mer_1', { name: 'till' }),
  'counters.list': (h) => h.counters.list('mer_1'),
  'counters.retrieve': (h) => h.counters.retrieve('mer_1', 'ctr_1'),
  'counters.update': (h) => h.counters.update('mer_1', 'ctr_1', { status: 'disabled' }),
  'counters.sheet': async (h) => {
    for (const name of ['stand.svg', 'stand.pdf', 'tap_card.svg', 'tap_card.pdf'] as const) {
      await h.counters.sheet('mer_1', 'ctr_1', name);
    }
  },
  'webhookEndpoints.create': (h) =>
    h.webhookEndpoints.create({ url: 'https://shop.example', enabled_events: ['*'] }),
  'webhookEndpoints.list': (h) => h.webhookEndpoints.list(),
  'webhookEndpoints.retrieve': (h) => h.webhookEndpoints.retrieve('we_1'),
  'webhookEndpoints.update': (h) => h.webhookEndpoints.update('we_1', { status: 'disabled' }),
  'webhookEndpoints.delete': (h) => h.webhookEndpoints.delete('we_1'),
  'webhookEndpoints.rotateSecret': (h) => h.webhookEndpoints.rotateSecret('we_1'),
  'events.list': (h) => h.events.list(),
  'events.retrieve': (h) => h.events.retrieve('evt_1'),
  'events.resend': (h) => h.events.resend('evt_1'),
  'ledger.accounts.list': (h) => h.ledger.accounts.list(),
  'ledger.transactions.list': (h) => h.ledger.transactions.list(),
  'balances.retrieve': (h) => h.balances.retrieve(),
  'auditLog.list': (h) => h.auditLog.list(),
  'buyerErasures.create': (h) => h.buyerErasures.create({ buyer: 'b' }),
  'buyerErasures.retrieve': (h) => h.buyerErasures.retrieve('be_1'),
};

/** `refunds.create`, `ledger.accounts.list`: what one can call on the client. */
function methodsOf(value: object, prefix = ''): string[] {
  return Object.entries(value).flatMap(([name, inner]: [string, unknown]) => {
    if (typeof inner === 'function') return [`${prefix}${name}`];
    return typeof inner === 'object' && inner !== null ? methodsOf(inner, `${prefix}${name}.`) : [];
  });
}

type Method = (...parts: readonly string[]) => unknown;
type Noun = { readonly [name: string]: Noun & Method };

function callNamed(name: string): (hutong: Hutong) => unknown {
  const withIds = (hutong: Hutong): unknown => {
    const noun = hutong as unknown as Noun & Method;
    return name.split('.').reduce((inner, part) => inner[part]!, noun)('id_1', 'id_2', 'id_3');
  };
  return CALLS[name] ?? withIds;
}

/** The calls that a client made, by the paths of the document. */
async function callsOf(call: (hutong: Hutong) => unknown): Promise<Map<string, Request>> {
  const made = new Map<string, Request>();
  const fetch = async (request: Request): Promise<Response> => {
    made.set(operationOf(request), request);
    return Response.json({ object: 'list', data: [], has_more: false });
  };
  await call(new Hutong({ baseUrl: 'https://pay.example', secretKey: 'sk_test_1', fetch }));
  return made;
}

function operationOf({ method, url }: Request): string {
  const { pathname } = new URL(url);
  const fits = [...OPERATIONS.keys()].filter((operation) => {
    const pattern = operation.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+');
    return new RegExp(`^${pattern}$`).test(`${method} ${pathname}`);
  });
  return fits[0] ?? `${method} ${pathname}`;
}

const client = new Hutong({ baseUrl: 'https://pay.example', secretKey: 'sk_test_1' });

describe('the SDK', () => {
  it('has the types of openapi.json (npm run openapi)', async () => {
    const schema = await sdkSchema(committed('openapi.json'));
    expect(committed('sdk/src/schema.generated.ts')).toBe(schema);
  });

  it('has every file of resources/ on its client (npm run openapi)', () => {
    expect(committed('sdk/src/resources.generated.ts')).toBe(sdkResources());
  });

  it('has every method that the table of this test calls', () => {
    expect(methodsOf(client)).toEqual(expect.arrayContaining(Object.keys(CALLS)));
  });

  it('reaches every path of openapi.json, and no other', async () => {
    const reached = new Set<string>();
    for (const call of methodsOf(client).map(callNamed)) {
      for (const operation of (await callsOf(call)).keys()) reached.add(operation);
    }
    expect([...reached].sort()).toEqual([...OPERATIONS.keys()].sort());
  });

  it('sends an Idempotency-Key exactly where the API asks for one', async () => {
    for (const call of methodsOf(client).map(callNamed)) {
      for (const [operation, request] of await callsOf(call)) {
        const isKeyed = request.headers.has('idempotency-key');
        expect([operation, isKeyed]).toEqual([operation, OPERATIONS.get(operation)]);
      }
    }
  });

  it('compiles no call that the API lacks, and no misspelt word', () => {
    const wrong = (hutong: Hutong) => [
      // @ts-expect-error: a later release may have it
      () => hutong.paymentIntents.confirmReceipt('pi_1', { sub_order: 'so_1' }),
      // @ts-expect-error: no such field
      () => hutong.merchants.create({ title: 'shop' }),
      // @ts-expect-error: no such event type
      () => hutong.webhookEndpoints.update('we_1', { enabled_events: ['refund.suceeded'] }),
      // @ts-expect-error: no such status
      () => hutong.paymentIntents.list({ status: 'payed' }),
    ];
    expect(wrong(client)).toHaveLength(4);
  });
});
