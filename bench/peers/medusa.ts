/** A paid checkout at Medusa, as a storefront does it: seven requests to the store API. */
import { randomUUID } from 'node:crypto';
import type { Work } from '../../tools/load.ts';
import type { Json, LoadClient } from '../../tools/load-client.ts';
import type { Peer } from './peer.ts';

export const medusa: Peer = {
  name: 'medusa',
  package: '@medusajs/medusa',
  must: 100,
  aim: 250,
  script: 'shop.js',
  env: { MEDUSA_DISABLE_TELEMETRY: 'true', LOG_LEVEL: 'error' },
  createCheckout: createMedusaCheckout,
  // Medusa authorizes; capturing is an administrator's own request later.
  paidSql: `select count(*) as paid from "order" o
    join order_payment_collection link on link.order_id = o.id and link.deleted_at is null
    join payment_collection c on c.id = link.payment_collection_id
    where o.status <> 'canceled' and c.status = 'authorized' and c.authorized_amount = c.amount
      and exists (select 1 from payment p where p.payment_collection_id = c.id
        and p.canceled_at is null)`,
};

interface Seeded {
  readonly key: string;
  readonly region: string;
  readonly shippingOption: string;
  readonly provider: string;
  readonly variants: readonly string[];
}

function createMedusaCheckout(client: LoadClient, url: string, seeded: Json): Work {
  const { key, region, shippingOption, provider, variants } = seeded as unknown as Seeded;
  const run = randomUUID().slice(0, 8);
  let count = 0;
  const send = async (path: string, body: Json): Promise<Json> =>
    client.post(`${url}/store/${path}`, body, {
      expected: 200,
      headers: { 'x-publishable-api-key': key },
    });
  return async () => {
    count += 1;
    const number = count;
    const { cart } = await send('carts', { region_id: region });
    const { id } = cart as { readonly id: string };
    await send(`carts/${id}/line-items`, {
      variant_id: variants[number % variants.length],
      quantity: 1,
    });
    const address = {
      first_name: 'Buyer',
      last_name: String(number),
      address_1: '1 Example Road',
      city: 'Beijing',
      postal_code: '100000',
      country_code: 'cn',
    };
    await send(`carts/${id}`, {
      email: `buyer-${run}-${number}@example.com`,
      shipping_address: address,
      billing_address: address,
    });
    await send(`carts/${id}/shipping-methods`, { option_id: shippingOption });
    const { payment_collection: collection } = await send('payment-collections', { cart_id: id });
    const { id: collectionId } = collection as { readonly id: string };
    await send(`payment-collections/${collectionId}/payment-sessions`, { provider_id: provider });
    const completed = await send(`carts/${id}/complete`, {});
    if (completed.type !== 'order') throw new Error(JSON.stringify(completed).slice(0, 300));
  };
}
