/**
 * One gateway of the sandbox behind a bare node:http server, with a shop that receives callbacks, a
 * phone and a movable clock: what outside clients and adapters are pointed at. A wallet's own city
 * says which gateway and which account.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type {
  CityKit,
  FaultName,
  Gateway,
  Operation,
  PayRequest,
  WireRequest,
} from '../../sandbox/kit/kit.ts';
import { type OpenedKit, openKit } from '../../sandbox/kit/open-kit.ts';
import type { WalletName } from '../../src/kernel/wallet-names.ts';
import { pooledKeyPair } from './key-pool.ts';
import { type LocalServer, openLocalServer, wireRequestOf } from './local-server.ts';

export interface GatewayMaker<Account> {
  readonly wallet: WalletName;
  /** Asked at every opening: after a restart it has to find what it made before. */
  readonly openAccount: (kit: CityKit) => Promise<Account>;
  readonly openGateway: (kit: CityKit) => Gateway;
}

export interface GatewayCity<Account> {
  readonly url: string;
  readonly notifyUrl: string;
  readonly opened: OpenedKit;
  readonly gateway: Gateway;
  readonly account: Account;
  /** Notices and explanations of the kit, one line each. */
  readonly log: readonly string[];
  readonly callbacks: WireRequest[];
  /** What the receiver of callbacks answers. */
  acknowledgement: { readonly status: number; readonly body: string };
  readonly scanAndPay: (
    code: string | Readonly<Record<string, unknown>>,
    how?: Partial<Pick<PayRequest, 'outcome' | 'coupon' | 'payerWallet'>>,
  ) => Promise<{ readonly status: string; readonly returnUrl?: string | undefined }>;
  readonly arm: (
    fault: FaultName,
    where?: { readonly orderNo?: string; readonly operation?: Operation },
  ) => void;
  readonly advance: (ms: number) => Promise<void>;
  readonly settle: () => Promise<void>;
  /** The same city after the process was stopped and started. */
  readonly restart: () => Promise<GatewayCity<Account>>;
  readonly close: () => Promise<void>;
}

const NO_COUPON = { platformFen: 0n, merchantFen: 0n };

let numbers = 0;

/** A fresh number: of orders, refunds, merges. */
export function freshNo(prefix = 'T'): string {
  numbers += 1;
  return `${prefix}${process.pid}X${String(numbers).padStart(6, '0')}`;
}

/** For an account that its wallet creates anew at every call: the first one, kept over restarts. */
export async function keptAccount<Account>(
  kit: CityKit,
  label: string,
  make: () => Promise<Account>,
): Promise<Account> {
  const accounts = kit.journal.collection<Account>('test.accounts');
  const account = accounts.get(label) ?? (await make());
  accounts.put(label, account);
  return account;
}

export async function openGatewayCity<Account>(
  maker: GatewayMaker<Account>,
  dir = mkdtempSync(join(tmpdir(), `hutong-${maker.wallet}-`)),
): Promise<GatewayCity<Account>> {
  const { wallet } = maker;
  const front = await openFront(() => gateway);
  const callbacks: WireRequest[] = [];
  const receiver = await openLocalServer(async (incoming, outgoing) => {
    callbacks.push(await wireRequestOf(incoming));
    const { status, body } = city.acknowledgement;
    outgoing.writeHead(status, { 'content-type': 'text/plain' }).end(body);
  });
  const log: string[] = [];
  const opened = await openKit({
    newKeyPair: pooledKeyPair,
    dir,
    publicUrl: front.url,
    allowLocalCallbacks: true,
    log: (line) => void log.push(line),
  });
  const account = await maker.openAccount(opened.kit);
  const gateway = maker.openGateway(opened.kit);
  const stop = async () => {
    await front.close();
    await receiver.close();
    await opened.close();
  };
  const city: GatewayCity<Account> = {
    ...{ url: front.url, notifyUrl: `${receiver.url}/notify/${wallet}?config=x` },
    ...{ opened, gateway, account, log, callbacks },
    acknowledgement: { status: 200, body: 'success' },
    scanAndPay: async (code, how = {}) => {
      const scanned = await gateway.scan(code);
      if (scanned === undefined) throw new Error('the phone does not know that code');
      const { outcome = 'success', coupon = NO_COUPON, payerWallet = wallet } = how;
      return gateway.pay({ ref: scanned.ref, payerWallet, outcome, coupon });
    },
    arm: (fault, { orderNo = null, operation = null } = {}) =>
      void opened.faults.arm({ fault, wallet, orderNo, merchant: null, operation, times: 1 }),
    advance: async (ms) => {
      opened.clock.moveTo(opened.clock.nowMs() + ms);
      await gateway.runDue(opened.clock.nowMs());
      await opened.callbackQueue.settle();
    },
    settle: () => opened.callbackQueue.settle(),
    restart: async () => {
      await stop();
      return openGatewayCity(maker, dir);
    },
    close: async () => {
      await stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
  return city;
}

/** The public URL is known before the gateway, whose accounts name it, can be opened. */
function openFront(gatewayNow: () => Gateway): Promise<LocalServer> {
  return openLocalServer(async (incoming, outgoing) => {
    const request = await wireRequestOf(incoming);
    const gateway = gatewayNow();
    if (!gateway.owns(request)) {
      outgoing.writeHead(404).end();
      return;
    }
    const answer = await gateway.handle(request);
    if ('lost' in answer) incoming.socket.destroy();
    else outgoing.writeHead(answer.status, answer.headers).end(answer.body);
  });
}
