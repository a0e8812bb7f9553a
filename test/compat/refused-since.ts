/**
 * What b42034b took and is refused since, each by its finding. Nothing else may become narrower:
 * what the two OpenAPI documents show is compared in openapi.test.ts, and what only the platform
 * knows is sent to old data in old-data.ts.
 */
import { call, type Json, type Marketplace } from '../helpers/api.ts';

export interface Narrower {
  readonly finding: string;
  /** As compare-apis.ts reports it; `*` = every operation. */
  readonly change: string;
}

export const NARROWER: readonly Narrower[] = [
  { finding: 'S14', change: '* address_not_allowed: may refuse' },
  { finding: 'S14', change: '* key_mode_mismatch: may refuse' },
  { finding: 'S4', change: 'POST /v1/webhook_endpoints webhook_endpoints_full: may refuse' },
  { finding: 'S4', change: 'POST /v1/webhook_endpoints webhook_endpoint_exists: may refuse' },
  { finding: 'S4', change: 'POST /v1/webhook_endpoints/{id} webhook_endpoint_exists: may refuse' },
  {
    finding: 'S9',
    change: 'POST /v1/webhook_endpoints body.enabled_events[]: only certain values are taken',
  },
  {
    finding: 'S9',
    change: 'POST /v1/webhook_endpoints/{id} body.enabled_events[]: only certain values are taken',
  },
];

/** An intent that the old document allows, and today's too. */
export interface RefusedIntent {
  readonly finding: string;
  readonly what: string;
  /** Over an intent of one seller who gets 1,000 fen. */
  readonly more: Json;
  readonly param: string;
}

const INTENT_FEN = 1_000;

function refusedSplit(what: string, splits: readonly Json[], param: string): RefusedIntent {
  return {
    finding: 'D12',
    what,
    more: { splits: splits.map((split) => ({ ...split, description: 'A share' })) },
    param: `sub_orders[0].splits${param}`,
  };
}

export const REFUSED_INTENTS: readonly RefusedIntent[] = [
  refusedSplit('a split of no size', [{ type: 'commission' }], '[0].amount'),
  refusedSplit('a split of two sizes', [{ type: 'commission', amount: 1, bps: 1 }], '[0].amount'),
  refusedSplit('an affiliate without a name', [{ type: 'affiliate', bps: 1 }], '[0].party'),
  refusedSplit('more than the sub-order', [{ type: 'commission', amount: INTENT_FEN + 1 }], ''),
  {
    finding: 'S15',
    what: 'a way back in the clear',
    more: { return_url: 'http://shop.example/back' },
    param: 'return_url',
  },
  {
    finding: 'S15',
    what: 'a way back to a port that no browser opens',
    more: { return_url: 'https://shop.example:6000/back' },
    param: 'return_url',
  },
];

export function bodyOf({ more }: RefusedIntent, merchant: string, orderNo: string): Json {
  const { splits, ...rest } = more;
  const sub = { merchant, amount: INTENT_FEN, description: 'Kettle' };
  return {
    amount: INTENT_FEN,
    currency: 'cny',
    merchant_order_no: orderNo,
    description: 'Kettle',
    sub_orders: [splits === undefined ? sub : { ...sub, splits }],
    buyer: { id: 'buyer-1', device: 'desktop' },
    ...rest,
  };
}

/** What is refused, sent to a marketplace of a running platform; what answers otherwise. */
export async function notRefused(shop: Marketplace): Promise<string[]> {
  const faults: string[] = [];
  for (const [index, row] of REFUSED_INTENTS.entries()) {
    const body = bodyOf(row, shop.merchants[0] ?? '', `REFUSED${index}`);
    const answer = await call('POST', `${shop.url}/v1/payment_intents`, { key: shop.key, body });
    const error = (answer.body.error ?? {}) as Json;
    const isRefused = answer.status === 400 && error.code === 'parameter_invalid';
    if (!isRefused || error.param !== row.param) {
      faults.push(`${row.finding}: ${row.what}: ${answer.status} ${JSON.stringify(answer.body)}`);
    }
  }
  return faults;
}
