/** A paid checkout at Vendure, as a storefront does it: six requests to the shop API. */
import { randomUUID } from 'node:crypto';
import type { Work } from '../../tools/load.ts';
import type { Json, LoadClient } from '../../tools/load-client.ts';
import type { Peer } from './peer.ts';

export const vendure: Peer = {
  name: 'vendure',
  package: '@vendure/core',
  must: 30,
  aim: 60,
  script: 'shop.mjs',
  env: { VENDURE_DISABLE_TELEMETRY: 'true' },
  createCheckout: createVendureCheckout,
  paidSql: `select count(*) as paid from "order" o where o.state = 'PaymentSettled'
    and exists (select 1 from payment p where p."orderId" = o.id and p.state = 'Settled')`,
};

const TOKEN = 'vendure-auth-token';
const ANSWER = '{ __typename ... on Order { id state } ... on ErrorResult { message } }';
/** The least that each may be asked for: a storefront that shows a basket asks for more. */
const ADD_ITEM = `mutation ($variant: ID!) {
  order: addItemToOrder(productVariantId: $variant, quantity: 1) ${ANSWER} }`;
const SET_CUSTOMER = `mutation ($customer: CreateCustomerInput!) {
  order: setCustomerForOrder(input: $customer) ${ANSWER} }`;
const SET_ADDRESS = `mutation ($address: CreateAddressInput!) {
  order: setOrderShippingAddress(input: $address) ${ANSWER} }`;
const SET_SHIPPING = `mutation ($method: [ID!]!) {
  order: setOrderShippingMethod(shippingMethodId: $method) ${ANSWER} }`;
const ARRANGE = `mutation {
  order: transitionOrderToState(state: "ArrangingPayment") ${ANSWER} }`;
const PAY = `mutation ($method: String!) {
  order: addPaymentToOrder(input: { method: $method, metadata: {} }) ${ANSWER} }`;

function createVendureCheckout(client: LoadClient, url: string, seeded: Json): Work {
  const { variants, shippingMethod, paymentMethod } = seeded as {
    readonly variants: readonly string[];
    readonly shippingMethod: string;
    readonly paymentMethod: string;
  };
  const run = randomUUID().slice(0, 8);
  let count = 0;
  return async () => {
    count += 1;
    const number = count;
    // The session that the first answer hands out; each buyer is another.
    let token: string | undefined;
    const send = async (text: string, variables: Json): Promise<string> => {
      const answer = await client.post(
        `${url}/shop-api`,
        { query: text, variables },
        {
          expected: 200,
          headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
          onHeaders: (headers) => {
            token ??= headers[TOKEN]?.toString();
          },
        },
      );
      const { order } = (answer.data ?? {}) as { readonly order?: Json };
      if (order?.__typename !== 'Order') throw new Error(JSON.stringify(answer).slice(0, 300));
      return String(order.state);
    };
    await send(ADD_ITEM, { variant: variants[number % variants.length] });
    await send(SET_CUSTOMER, {
      customer: {
        emailAddress: `buyer-${run}-${number}@example.com`,
        firstName: 'Buyer',
        lastName: String(number),
      },
    });
    await send(SET_ADDRESS, {
      address: {
        fullName: `Buyer ${number}`,
        streetLine1: '1 Example Road',
        city: 'Beijing',
        postalCode: '100000',
        countryCode: 'CN',
      },
    });
    await send(SET_SHIPPING, { method: [shippingMethod] });
    await send(ARRANGE, {});
    const state = await send(PAY, { method: paymentMethod });
    if (state !== 'PaymentSettled') throw new Error(`the order is ${state}`);
  };
}
