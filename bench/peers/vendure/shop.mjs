/**
 * Vendure as one process, as its own documents run it in production, and a small catalogue made
 * through its admin API. `node shop.mjs seed` makes the tables and the catalogue and ends with a
 * line of JSON; `node shop.mjs serve` answers until it is stopped. DATABASE_URL and PORT say where;
 * PEER_SECRET is the administrator's password.
 */
import {
  bootstrap,
  DefaultLogger,
  dummyPaymentHandler,
  JobQueueService,
  LogLevel,
} from '@vendure/core';

const SUPERADMIN = { identifier: 'bench', password: process.env.PEER_SECRET };
const VARIANTS = 50;
const STOCK = 1_000_000_000;
const PRICE = 12_800;

const [mode] = process.argv.slice(2);
const port = Number(process.env.PORT);

const app = await bootstrap({
  apiOptions: { hostname: '127.0.0.1', port, introspection: false },
  authOptions: {
    tokenMethod: 'bearer',
    superadminCredentials: SUPERADMIN,
    requireVerification: false,
  },
  dbConnectionOptions: {
    type: 'postgres',
    url: process.env.DATABASE_URL,
    synchronize: mode === 'seed',
    logging: false,
  },
  logger: new DefaultLogger({ level: LogLevel.Error }),
  paymentOptions: { paymentMethodHandlers: [dummyPaymentHandler] },
});

if (mode === 'seed') {
  process.stdout.write(`${JSON.stringify(await seed())}\n`);
  await app.close();
  process.exit(0);
}
await app.get(JobQueueService).start();
process.stdout.write(`ready at ${port}\n`);

async function seed() {
  const admin = await openAdmin();
  const english = (name) => [{ languageCode: 'en', name, description: name }];
  const country = await admin(
    'mutation ($i: CreateCountryInput!) { made: createCountry(input: $i) { id } }',
    { code: 'CN', enabled: true, translations: [{ languageCode: 'en', name: 'China' }] },
  );
  const zone = await admin(
    'mutation ($i: CreateZoneInput!) { made: createZone(input: $i) { id } }',
    { name: 'China', memberIds: [country.id] },
  );
  const category = await admin(
    'mutation ($i: CreateTaxCategoryInput!) { made: createTaxCategory(input: $i) { id } }',
    { name: 'Standard', isDefault: true },
  );
  await admin('mutation ($i: CreateTaxRateInput!) { made: createTaxRate(input: $i) { id } }', {
    name: 'Standard',
    enabled: true,
    value: 13,
    categoryId: category.id,
    zoneId: zone.id,
  });
  await admin(
    `mutation ($i: UpdateChannelInput!) {
       made: updateChannel(input: $i) { ... on Channel { id } ... on ErrorResult { message } }
     }`,
    {
      id: '1',
      defaultTaxZoneId: zone.id,
      defaultShippingZoneId: zone.id,
      defaultCurrencyCode: 'CNY',
      availableCurrencyCodes: ['CNY'],
      pricesIncludeTax: true,
    },
  );
  const shipping = await admin(
    'mutation ($i: CreateShippingMethodInput!) { made: createShippingMethod(input: $i) { id } }',
    {
      code: 'standard',
      fulfillmentHandler: 'manual-fulfillment',
      checker: argumentsOf('default-shipping-eligibility-checker', { orderMinimum: '0' }),
      calculator: argumentsOf('default-shipping-calculator', {
        rate: '800',
        includesTax: 'auto',
        taxRate: '0',
      }),
      translations: english('Standard'),
    },
  );
  await admin(
    'mutation ($i: CreatePaymentMethodInput!) { made: createPaymentMethod(input: $i) { id } }',
    {
      code: 'dummy',
      enabled: true,
      handler: argumentsOf(dummyPaymentHandler.code, { automaticSettle: 'true' }),
      translations: english('Dummy'),
    },
  );
  const variants = [];
  for (let number = 1; number <= VARIANTS; number += 1)
    variants.push(await seedVariant(admin, number, category.id));
  return { variants, shippingMethod: shipping.id, paymentMethod: 'dummy' };
}

async function seedVariant(admin, number, taxCategoryId) {
  const name = `Cloth shoes ${number}`;
  const product = await admin(
    'mutation ($i: CreateProductInput!) { made: createProduct(input: $i) { id } }',
    {
      enabled: true,
      translations: [{ languageCode: 'en', name, slug: `shoes-${number}`, description: name }],
    },
  );
  const [variant] = await admin(
    'mutation ($i: [CreateProductVariantInput!]!) { made: createProductVariants(input: $i) { id } }',
    [
      {
        productId: product.id,
        sku: `SHOES-${number}`,
        price: PRICE,
        taxCategoryId,
        stockOnHand: STOCK,
        trackInventory: 'TRUE',
        translations: [{ languageCode: 'en', name }],
      },
    ],
  );
  return variant.id;
}

function argumentsOf(code, values) {
  return { code, arguments: Object.entries(values).map(([name, value]) => ({ name, value })) };
}

/** Sends one mutation with one input `i`; what it answers as `made` is returned. */
async function openAdmin() {
  let token;
  const send = async (query, variables) => {
    const response = await fetch(`http://127.0.0.1:${port}/admin-api`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify({ query, variables }),
    });
    token = response.headers.get('vendure-auth-token') ?? token;
    const { data, errors } = await response.json();
    if (errors !== undefined) throw new Error(`${query}: ${JSON.stringify(errors)}`);
    if (data.made.message !== undefined) throw new Error(`${query}: ${data.made.message}`);
    return data.made;
  };
  await send(
    `mutation ($identifier: String!, $password: String!) {
       made: login(username: $identifier, password: $password) {
         ... on CurrentUser { id } ... on ErrorResult { message }
       }
     }`,
    SUPERADMIN,
  );
  return (query, input) => send(query, { i: input });
}
