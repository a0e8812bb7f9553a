/**
 * Medusa as one process, as its own documents run it in production, and a small catalogue made by
 * its own workflows. `node shop.js seed` makes the tables and the catalogue and ends with a line of
 * JSON; `node shop.js serve` answers until it is stopped. DATABASE_URL and PORT say where;
 * PEER_SECRET signs its tokens.
 */
const { execFileSync } = require('node:child_process');
const flows = require('@medusajs/medusa/core-flows');
const { ContainerRegistrationKeys, Modules } = require('@medusajs/framework/utils');

const PRODUCTS = 50;
const STOCK = 1_000_000_000;
const PRICE = 128;
const COUNTRY = 'cn';
const CURRENCY = 'cny';

// Both the command line and the loaders look for medusa-config.js in the current folder.
process.chdir(__dirname);
const [mode] = process.argv.slice(2);
main().catch((error) => {
  console.error(error);
  process.exit(1);
});

async function main() {
  if (mode === 'seed') {
    const cli = require.resolve('@medusajs/cli/cli.js');
    execFileSync(process.execPath, [cli, 'db:migrate'], { stdio: 'ignore' });
    const seeded = await seed(await openContainer());
    process.stdout.write(`${JSON.stringify(seeded)}\n`, () => process.exit(0));
    return;
  }
  const { default: start } = require('@medusajs/medusa/commands/start');
  await start({
    directory: __dirname,
    host: '127.0.0.1',
    port: Number(process.env.PORT),
    types: false,
  });
  await untilHealthy();
  process.stdout.write(`ready at ${process.env.PORT}\n`);
}

async function untilHealthy() {
  for (let tries = 0; tries < 100; tries += 1) {
    const answer = await fetch(`http://127.0.0.1:${process.env.PORT}/health`).catch(
      () => undefined,
    );
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('no answer of /health');
}

async function openContainer() {
  const { default: load } = require('@medusajs/medusa/loaders/index');
  const { container } = await load({
    directory: __dirname,
    expressApp: require('express')(),
    skipLoadingEntryPoints: true,
  });
  return container;
}

async function seed(container) {
  const run = async (workflow, input) => (await workflow(container).run({ input })).result;
  const link = container.resolve(ContainerRegistrationKeys.LINK);
  const [salesChannel] = await run(flows.createSalesChannelsWorkflow, {
    salesChannelsData: [{ name: 'Bench' }],
  });
  const [store] = await container.resolve(Modules.STORE).listStores();
  await run(flows.updateStoresWorkflow, {
    selector: { id: store.id },
    update: {
      supported_currencies: [{ currency_code: CURRENCY, is_default: true }],
      default_sales_channel_id: salesChannel.id,
    },
  });
  const [region] = await run(flows.createRegionsWorkflow, {
    regions: [
      {
        name: 'China',
        currency_code: CURRENCY,
        countries: [COUNTRY],
        payment_providers: ['pp_system_default'],
      },
    ],
  });
  await run(flows.createTaxRegionsWorkflow, [
    {
      country_code: COUNTRY,
      provider_id: 'tp_system',
      default_tax_rate: { name: 'Standard', code: 'standard', rate: 13 },
    },
  ]);
  const location = await seedLocation(run, link, salesChannel);
  const shipping = await seedShipping(container, run, link, location);
  const [key] = await run(flows.createApiKeysWorkflow, {
    api_keys: [{ title: 'Storefront', type: 'publishable', created_by: '' }],
  });
  await run(flows.linkSalesChannelsToApiKeyWorkflow, { id: key.id, add: [salesChannel.id] });
  const variants = await seedProducts(container, run, {
    salesChannel,
    location,
    profile: shipping.profile,
  });
  return {
    key: key.token,
    region: region.id,
    shippingOption: shipping.option.id,
    provider: 'pp_system_default',
    variants,
  };
}

async function seedLocation(run, link, salesChannel) {
  const [location] = await run(flows.createStockLocationsWorkflow, {
    locations: [
      {
        name: 'Warehouse',
        address: { city: 'Beijing', country_code: COUNTRY, address_1: '1 Example Road' },
      },
    ],
  });
  await link.create({
    [Modules.STOCK_LOCATION]: { stock_location_id: location.id },
    [Modules.FULFILLMENT]: { fulfillment_provider_id: 'manual_manual' },
  });
  await run(flows.linkSalesChannelsToStockLocationWorkflow, {
    id: location.id,
    add: [salesChannel.id],
  });
  return location;
}

async function seedShipping(container, run, link, location) {
  const fulfillment = container.resolve(Modules.FULFILLMENT);
  const [known] = await fulfillment.listShippingProfiles({ type: 'default' });
  const [profile] =
    known === undefined
      ? await run(flows.createShippingProfilesWorkflow, {
          data: [{ name: 'Default', type: 'default' }],
        })
      : [known];
  const set = await fulfillment.createFulfillmentSets({
    name: 'Delivery',
    type: 'shipping',
    service_zones: [{ name: 'China', geo_zones: [{ country_code: COUNTRY, type: 'country' }] }],
  });
  await link.create({
    [Modules.STOCK_LOCATION]: { stock_location_id: location.id },
    [Modules.FULFILLMENT]: { fulfillment_set_id: set.id },
  });
  const [option] = await run(flows.createShippingOptionsWorkflow, [
    {
      name: 'Standard',
      price_type: 'flat',
      provider_id: 'manual_manual',
      service_zone_id: set.service_zones[0].id,
      shipping_profile_id: profile.id,
      type: { label: 'Standard', description: 'Two days', code: 'standard' },
      prices: [{ currency_code: CURRENCY, amount: 8 }],
      rules: [
        { attribute: 'enabled_in_store', value: 'true', operator: 'eq' },
        { attribute: 'is_return', value: 'false', operator: 'eq' },
      ],
    },
  ]);
  return { profile, option };
}

async function seedProducts(container, run, { salesChannel, location, profile }) {
  const products = await run(flows.createProductsWorkflow, {
    products: Array.from({ length: PRODUCTS }, (_, index) => ({
      title: `Cloth shoes ${index + 1}`,
      status: 'published',
      shipping_profile_id: profile.id,
      options: [{ title: 'Size', values: ['42'] }],
      variants: [
        {
          title: '42',
          sku: `SHOES-${index + 1}`,
          manage_inventory: true,
          options: { Size: '42' },
          prices: [{ currency_code: CURRENCY, amount: PRICE }],
        },
      ],
      sales_channels: [{ id: salesChannel.id }],
    })),
  });
  const items = await container.resolve(Modules.INVENTORY).listInventoryItems({}, { take: 1_000 });
  await run(flows.createInventoryLevelsWorkflow, {
    inventory_levels: items.map(({ id }) => ({
      inventory_item_id: id,
      location_id: location.id,
      stocked_quantity: STOCK,
    })),
  });
  return products.flatMap(({ variants }) => variants.map(({ id }) => id));
}
