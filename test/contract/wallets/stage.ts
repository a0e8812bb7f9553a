/**
 * The wallet contract's stage: one city with every gateway of the registry, one account at each,
 * and each wallet opened through its port, over real HTTP. No engine: this is the port alone. A
 * wallet joins by being in the two registries; what it is asked follows from its capabilities.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type OpenCity, openCity } from '../../../sandbox/city.ts';
import { GATEWAY_MAKERS } from '../../../sandbox/gateways/all.ts';
import type {
  ControlOrder,
  FaultName,
  Gateway,
  MadeAccount,
  Operation,
} from '../../../sandbox/kit/kit.ts';
import type { ProductCapability } from '../../../src/core/wallet/capabilities.ts';
import type { AttemptOrder, PayerIdentity, RefundOrder } from '../../../src/core/wallet/order.ts';
import type {
  CloseOutcome,
  LegReport,
  RefundReport,
  StartOutcome,
} from '../../../src/core/wallet/report.ts';
import type { WalletName } from '../../../src/kernel/wallet-names.ts';
import { wallClock } from '../../../src/runtime/clock.ts';
import { createHttpClient } from '../../../src/runtime/http-client.ts';
import { systemRandom } from '../../../src/runtime/random.ts';
import { WALLETS } from '../../../src/wallets/registry.ts';
import type { RawRequest, Wallet, WalletModule, WalletSeams } from '../../../src/wallets/wallet.ts';
import { pooledKeyPair } from '../../helpers/key-pool.ts';
import { type LocalServer, openLocalServer, wireRequestOf } from '../../helpers/local-server.ts';

export interface Bench {
  readonly module: WalletModule;
  readonly wallet: Wallet;
  /** What it was opened with. */
  readonly credentials: Readonly<Record<string, unknown>>;
  readonly gateway: Gateway;
  readonly city: OpenCity;
  readonly walletMerchants: readonly string[];
  /** The `credentials.{wallet}`: who may pay stands in it. */
  readonly accounts: Readonly<Record<string, unknown>>;
  readonly received: RawRequest[];
  readonly notifyUrl: string;
}

export interface ContractStage {
  readonly benches: ReadonlyMap<WalletName, Bench>;
  /** WeChat Pay's account to which v3 codepay is open. */
  readonly codepayV3: Bench;
  /** The credentials of another account at each wallet. */
  readonly foreign: ReadonlyMap<WalletName, Readonly<Record<string, unknown>>>;
  readonly close: () => Promise<void>;
}

export async function openContractStage(): Promise<ContractStage> {
  const dir = mkdtempSync(join(tmpdir(), 'hutong-contract-'));
  const city = await openCity({
    newKeyPair: pooledKeyPair,
    dir,
    host: '127.0.0.1',
    port: 0,
    allowLocalCallbacks: true,
    controlToken: null,
    makers: GATEWAY_MAKERS,
    log: () => undefined,
  });
  const request = { label: 'contract', name: '契约市场', subMerchantNames: ['甲店', '乙店'] };
  const v3Request = { ...request, label: 'contract-v3', openedProducts: ['v3_codepay'] };
  const accounts = await city.openAccounts([request, v3Request]);
  const shops: LocalServer[] = [];
  const openOne = (gateway: Gateway, label: string) =>
    openBench(city, gateway, accounts.get(label)?.get(gateway.wallet), shops);
  const benches = new Map<WalletName, Bench>();
  for (const gateway of city.gateways) {
    benches.set(gateway.wallet, await openOne(gateway, 'contract'));
  }
  const wechatpay = city.gateways.find(({ wallet }) => wallet === 'wechatpay');
  if (wechatpay === undefined) throw new Error('the city has no WeChat Pay');
  const codepayV3 = await openOne(wechatpay, 'contract-v3');
  const foreign = new Map<WalletName, Readonly<Record<string, unknown>>>();
  for (const [wallet, account] of accounts.get('contract-v3') ?? [])
    foreign.set(wallet, account.credentials as Readonly<Record<string, unknown>>);
  return {
    benches,
    codepayV3,
    foreign,
    close: async () => {
      await city.close();
      for (const shop of shops) await shop.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

export function seamsOf(city: OpenCity): WalletSeams {
  const { clock } = city.opened;
  return { http: createHttpClient(), clock, wall: wallClock, random: systemRandom };
}

async function openBench(
  city: OpenCity,
  gateway: Gateway,
  account: MadeAccount | undefined,
  shops: LocalServer[],
): Promise<Bench> {
  const module = WALLETS.get(gateway.wallet);
  if (module === undefined || account === undefined) {
    throw new Error(`${gateway.wallet} has a gateway, but no adapter or no account`);
  }
  const opened = module.open(account.credentials, seamsOf(city));
  if (!opened.ok)
    throw new Error(`${gateway.wallet}: ${opened.error.field} ${opened.error.message}`);
  const received: RawRequest[] = [];
  const shop = await openShop(opened.value, received);
  shops.push(shop);
  return {
    module,
    wallet: opened.value,
    credentials: account.credentials as Readonly<Record<string, unknown>>,
    gateway,
    city,
    walletMerchants: account.subMerchants.map(({ walletMerchant }) => walletMerchant),
    accounts: account.sdkCredentials as Readonly<Record<string, unknown>>,
    received,
    notifyUrl: `${shop.url}/notify`,
  };
}

/**
 * Receives every callback, keeps it unchanged, and answers with the wallet's own acknowledgement.
 */
function openShop(wallet: Wallet, received: RawRequest[]): Promise<LocalServer> {
  return openLocalServer(async (incoming, outgoing) => {
    received.push(await wireRequestOf(incoming));
    const thanks = wallet.acknowledge();
    outgoing.writeHead(thanks.status, thanks.headers).end(thanks.body);
  });
}

let counter = 0;
/** Letters and digits only, as every wallet takes them. */
export function freshNo(prefix: string): string {
  counter += 1;
  return `${prefix}${String(Date.now()).slice(-9)}${String(counter).padStart(5, '0')}`;
}

const MINUTE_MS = 60_000;

export async function orderOf(
  bench: Bench,
  row: ProductCapability,
  more: { readonly amountFen?: bigint; readonly payer?: PayerIdentity } = {},
): Promise<AttemptOrder> {
  const nowMs = bench.city.opened.clock.nowMs();
  const amountFen = more.amountFen ?? 12_345n;
  return {
    product: row.product,
    combineOrderNo: null,
    legs: [
      {
        orderNo: freshNo('T'),
        walletMerchant: bench.walletMerchants[0] ?? '',
        amountFen,
        description: '布鞋一双',
      },
    ],
    createdAtMs: nowMs,
    expiresAtMs: nowMs + 30 * MINUTE_MS,
    description: '布鞋一双',
    payer: more.payer ?? (await payerOf(bench, row, amountFen)),
    payerIp: '203.0.113.9',
    device: row.devices[0] ?? 'desktop',
    returnUrl: 'http://127.0.0.1:9/back',
    notifyUrl: bench.notifyUrl,
    handOutUrl: 'https://pay.hutong.example/pay/go/x',
    holdDays: Math.min(30, Math.max(1, bench.module.capabilities.holdDaysMax)),
  };
}

async function payerOf(
  { gateway, accounts }: Bench,
  row: ProductCapability,
  amountFen: bigint,
): Promise<PayerIdentity> {
  const first = (name: string) => String((accounts[name] as readonly unknown[] | undefined)?.[0]);
  switch (row.payerField) {
    case 'openid':
      return { openid: first('openids') };
    case 'buyer':
      return { buyerId: first('buyer_ids') };
    case 'auth_code':
      return { authCode: showCode(gateway) };
    case 'field55': {
      const tapped = await gateway.tap?.({ amountFen });
      return { field55: tapped?.field55 ?? 'the phone has no tap' };
    }
    case null:
      return {};
  }
}

export function showCode(gateway: Gateway): string {
  if (gateway.showCode === undefined) throw new Error(`${gateway.wallet}'s phone shows no code`);
  return gateway.showCode();
}

/** Was it presented by the buyer to the merchant? Then there is nothing to scan. */
export function isPresented(row: ProductCapability): boolean {
  return row.payerField === 'auth_code' || row.payerField === 'field55';
}

/** As the buyer's app gets it; a form that is handed out at the click is made here. */
export function scanTextOf(
  { wallet }: Bench,
  order: AttemptOrder,
  outcome: StartOutcome,
): string | Readonly<Record<string, unknown>> {
  const offered = outcome.outcome === 'pending' ? outcome.nextAction : null;
  const isHandedOut = offered?.type === 'redirect' && offered.url === order.handOutUrl;
  const action = isHandedOut ? (wallet.handOut?.(order) ?? null) : offered;
  switch (action?.type) {
    case 'qr_code':
      return action.code;
    case 'redirect':
      return action.url;
    case 'invoke':
      return action.params;
    case 'form':
      return { action: action.action, fields: action.fields };
    default:
      throw new Error(`nothing to scan in ${show(outcome)}`);
  }
}

export function show(value: unknown): string {
  return JSON.stringify(value, (_key, one: unknown) => (typeof one === 'bigint' ? `${one}` : one));
}

export async function phonePays(
  { gateway }: Bench,
  code: string | Readonly<Record<string, unknown>>,
  outcome: 'success' | 'cancel' | 'insufficient_funds' = 'success',
): Promise<string> {
  const scanned = await gateway.scan(code);
  if (scanned === undefined)
    throw new Error(`${gateway.wallet}'s phone does not know ${show(code)}`);
  const coupon = { platformFen: 0n, merchantFen: 0n };
  const { ref } = scanned;
  return (await gateway.pay({ ref, payerWallet: gateway.wallet, outcome, coupon })).status;
}

/** Started and paid, however this product is paid. */
export async function paidOrder(bench: Bench, row: ProductCapability): Promise<AttemptOrder> {
  const order = await orderOf(bench, row);
  const started = await bench.wallet.startAttempt(order);
  if (started.outcome === 'failed' || started.outcome === 'unknown') throw new Error(show(started));
  if (!isPresented(row)) await phonePays(bench, scanTextOf(bench, order, started));
  return order;
}

export async function legOf(bench: Bench, order: AttemptOrder): Promise<LegReport> {
  const asked = await bench.wallet.queryAttempt(order);
  const leg = asked.outcome === 'answered' ? asked.legs[0] : undefined;
  if (leg === undefined) throw new Error(show(asked));
  return leg;
}

export async function advance({ city }: Bench, ms: number): Promise<void> {
  const moved = await fetch(`${city.url}/control/clock`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ advance_seconds: Math.ceil(ms / 1_000) }),
  });
  if (moved.status !== 200) throw new Error(`the clock: ${moved.status} ${await moved.text()}`);
}

/** Arms a fault for one order; gives whether it has fired since. */
export function arm(
  { city, gateway }: Bench,
  fault: FaultName,
  order: AttemptOrder,
  operation: Operation | null = null,
): () => boolean {
  const orderNo = order.legs[0]?.orderNo ?? null;
  const { wallet } = gateway;
  const armed = city.opened.faults.arm({
    fault,
    wallet,
    orderNo,
    merchant: null,
    operation,
    times: 1,
  });
  return () => !city.opened.faults.list().some(({ id }) => id === armed.id);
}

export function rowOf({ gateway }: Bench, order: AttemptOrder): ControlOrder | undefined {
  return gateway.orders().find(({ orderNo }) => orderNo === order.legs[0]?.orderNo);
}

/** The callbacks about an order that verify, oldest first. */
export async function notificationsOf({ wallet, received }: Bench, order: AttemptOrder) {
  const parsed = await Promise.all(received.map((request) => wallet.parseNotification(request)));
  return parsed.flatMap((one) =>
    one.ok && one.value.type !== 'ignored' && one.value.orderNo === order.legs[0]?.orderNo
      ? [one.value]
      : [],
  );
}

export function refundOf(
  bench: Bench,
  order: AttemptOrder,
  amountFen: bigint,
  walletTransactionId: string | null,
): RefundOrder {
  const [leg] = order.legs;
  if (leg === undefined) throw new Error('an order has a leg');
  return {
    refundNo: freshNo('R'),
    amountFen,
    reason: '不合脚',
    notifyUrl: bench.notifyUrl,
    createdAtMs: bench.city.opened.clock.nowMs(),
    leg: {
      ...leg,
      walletTransactionId,
      product: order.product,
      createdAtMs: order.createdAtMs,
    },
  };
}

/** Asked until it ends, in the city's time. */
export async function settledRefund(bench: Bench, refund: RefundOrder): Promise<RefundReport> {
  let report = await bench.wallet.queryRefund(refund);
  for (let step = 0; step < 30 && report.status !== 'succeeded'; step += 1) {
    await advance(bench, 20_000);
    report = await bench.wallet.queryRefund(refund);
  }
  return report;
}

/** Reverses until the wallet knows an end. */
export async function reversed(bench: Bench, order: AttemptOrder): Promise<CloseOutcome> {
  let outcome = await bench.wallet.closeAttempt(order);
  for (let step = 0; step < 5 && outcome.outcome === 'unknown'; step += 1) {
    await advance(bench, 5_000);
    outcome = await bench.wallet.closeAttempt(order);
  }
  return outcome;
}
