/**
 * What a complete payment costs a process that does nothing but carry it (bare-platform.ts), at the
 * rate at which the platform was measured: the floor under any platform in this runtime and on this
 * machine. What the platform's figure has above it is Hutong.
 */
import {
  createCipheriv,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
} from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Child, startChild } from '../src/cli/child.ts';
import { freePort } from '../tools/free-port.ts';
import { closedLoad, openLoad, type Work } from '../tools/load.ts';
import { type LoadClient, openLoadClient } from '../tools/load-client.ts';
import { NODE_FLAGS } from './node-flags.ts';
import { cpuMsOf } from './process-cpu.ts';

export interface BareSettings {
  readonly port: number;
  /** null: nothing is kept, so that HTTP and cryptography stand alone. */
  readonly databaseUrl: string | null;
  readonly walletUrl: string;
  readonly webhookUrl: string;
  readonly privateKeyPem: string;
  readonly publicKeyPem: string;
  readonly secretHex: string;
}

const WARM_UP = { underWay: 64, durationMs: 30_000, countMax: 4_000 } as const;
const SATURATION = { underWay: 64, durationMs: 10_000 } as const;
const LOAD = { durationMs: 10_000, underWayMax: 2_000 } as const;
const START_TIMEOUT_MS = 20_000;
const ANSWER_BYTES = 200;
const RESOURCE_BYTES = 600;

/** Each: CPU milliseconds a payment. */
export interface Bare {
  /** At the rate at which the platform is measured. */
  readonly atLoad: (ratePerS: number) => Promise<number>;
  /** In a closed loop, as many under way as for the platform's maximum. */
  readonly saturated: () => Promise<number>;
  readonly close: () => Promise<void>;
}

/** Warmed up. */
export async function openBare(databaseUrl: string | null): Promise<Bare> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const secret = randomBytes(32);
  const outside = await openOutside(privateKey);
  const port = await freePort();
  const settings: BareSettings = {
    port,
    databaseUrl,
    walletUrl: `${outside.url}/wallet`,
    webhookUrl: `${outside.url}/webhook`,
    privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    secretHex: secret.toString('hex'),
  };
  const client = openLoadClient();
  let child: Child | undefined;
  const close = async (): Promise<void> => {
    client.close();
    await child?.stop();
    await outside.close();
  };
  try {
    child = await startChild({
      name: 'the bare platform',
      args: [...NODE_FLAGS, 'tools/run.js', 'bench/bare-platform.ts'],
      env: { HUTONG_BARE_PAPERS: JSON.stringify(settings) },
      readyText: 'ready at',
      timeoutMs: START_TIMEOUT_MS,
    });
    const callback = callbackOf(privateKey, secret);
    const buy = createBuyer(client, `http://127.0.0.1:${port}`, callback, outside.whenDelivered);
    await closedLoad(buy, WARM_UP);
    const pid = child.process.pid ?? 0;
    return {
      atLoad: (ratePerS) => cpuMsPerPayment(pid, () => openLoad(buy, { ...LOAD, ratePerS })),
      saturated: () => cpuMsPerPayment(pid, () => closedLoad(buy, SATURATION)),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function cpuMsPerPayment(
  pid: number,
  run: () => Promise<{ readonly done: number; readonly errors: readonly string[] }>,
): Promise<number> {
  const beforeMs = cpuMsOf(pid);
  const { done, errors } = await run();
  if (errors.length > 0) throw new Error(`the bare platform: ${errors[0]}`);
  return (cpuMsOf(pid) - beforeMs) / done;
}

interface Callback {
  readonly body: object;
  readonly signature: string;
}

/** What the wallet would send, sealed and signed once: its cost is not what is measured. */
function callbackOf(privateKey: KeyObject, secret: Buffer): Callback {
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', secret, iv);
  const resource = JSON.stringify({ pad: 'r'.repeat(RESOURCE_BYTES) });
  const content = Buffer.concat([cipher.update(resource), cipher.final()]).toString('base64');
  const tag = cipher.getAuthTag().toString('base64');
  const body = { content, iv: iv.toString('base64'), tag };
  return { body, signature: signatureOf(JSON.stringify(body), privateKey) };
}

function signatureOf(text: string, privateKey: KeyObject): string {
  return sign('sha256', Buffer.from(text), privateKey).toString('base64');
}

function createBuyer(
  client: LoadClient,
  url: string,
  callback: Callback,
  whenDelivered: (number: string) => Promise<void>,
): Work {
  let count = 0;
  return async () => {
    count += 1;
    const number = String(count);
    const order = {
      amount: 12_800,
      currency: 'cny',
      merchant_order_no: `B${number}`,
      description: '一双布鞋 (cloth shoes)',
      sub_orders: [{ merchant: 'mer_bare', amount: 12_800, description: '布鞋' }],
      buyer: { id: `buyer-${number}`, device: 'desktop', ip: '203.0.113.9' },
    };
    await client.post(`${url}/create`, order, { expected: 200 });
    await client.post(`${url}/attempt`, order, { expected: 200 });
    const delivered = whenDelivered(number);
    const headers = { 'x-signature': callback.signature, number };
    await client.post(`${url}/notify`, callback.body, { expected: 200, headers });
    await delivered;
  };
}

/** The wallet, which answers every order alike, and the marketplace's webhook receiver. */
async function openOutside(privateKey: KeyObject) {
  const answer = JSON.stringify({ code_url: 'weixin://bare', pad: 'a'.repeat(ANSWER_BYTES) });
  const signature = signatureOf(answer, privateKey);
  const waiting = new Map<string, () => void>();
  const server = http.createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      if (request.url === '/wallet') {
        response.writeHead(200, { 'x-signature': signature }).end(answer);
        return;
      }
      response.writeHead(204).end();
      const number = String(request.headers.number);
      waiting.get(number)?.();
      waiting.delete(number);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    whenDelivered: (number: string) => new Promise<void>((resolve) => waiting.set(number, resolve)),
    close: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
