/**
 * The least that a process must do for a payment, and nothing else: the same HTTP in and out, the
 * same signatures, and a durable row at each of the five moments that must survive a crash (order
 * taken, number given out, wallet answered, paid, delivered); without a database, not even that. No
 * engine, no ledger, no checks, no framework. A process of its own, so that its CPU is counted as
 * the platform's is.
 */
import {
  createDecipheriv,
  createHmac,
  createPrivateKey,
  createPublicKey,
  sign,
  verify,
} from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import pg from 'pg';
import type { BareSettings } from './bare.ts';

const settings = JSON.parse(process.env.HUTONG_BARE_PAPERS ?? '') as BareSettings;
const privateKey = createPrivateKey(settings.privateKeyPem);
const publicKey = createPublicKey(settings.publicKeyPem);
const secret = Buffer.from(settings.secretHex, 'hex');
const agent = new http.Agent({ keepAlive: true, maxSockets: 256, scheduling: 'lifo' });
const keep = settings.databaseUrl === null ? forget : await openRows(settings.databaseUrl);

type Keep = (moment: string, content: unknown) => Promise<unknown>;

/** One commit a moment. */
async function openRows(connectionString: string): Promise<Keep> {
  const database = new pg.Client({ connectionString, pipeline: true });
  await database.connect();
  await database.query('create table bare (id bigserial primary key, moment text, content jsonb)');
  return (moment, content) =>
    database.query({
      name: 'keep',
      text: 'insert into bare (moment, content) values ($1, $2)',
      values: [moment, JSON.stringify(content)],
    });
}

async function forget(): Promise<void> {}

function bytesOf(message: http.IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    message.on('data', (chunk: Buffer) => chunks.push(chunk));
    message.on('error', reject);
    message.on('end', () => resolve(Buffer.concat(chunks)));
  });
}

function post(
  url: string,
  body: string,
  headers: Record<string, string>,
): Promise<{ readonly signature: string; readonly bytes: Buffer }> {
  return new Promise((resolve, reject) => {
    const length = Buffer.byteLength(body);
    const request = http.request(url, {
      method: 'POST',
      agent,
      headers: { 'content-type': 'application/json', 'content-length': length, ...headers },
    });
    request.on('error', reject);
    request.on('response', (response) => {
      const signature = String(response.headers['x-signature']);
      bytesOf(response).then((bytes) => resolve({ signature, bytes }), reject);
    });
    request.end(body);
  });
}

function parseSigned(bytes: Buffer, signature: string): Record<string, string> {
  const isGood = verify('sha256', bytes, publicKey, Buffer.from(signature, 'base64'));
  if (!isGood) throw new Error('a signature does not verify');
  return JSON.parse(bytes.toString('utf8')) as Record<string, string>;
}

/** On the thread pool, as most services sign; the platform does it on the event loop. */
function signed(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    sign('sha256', Buffer.from(text), privateKey, (error, signature) =>
      error === null ? resolve(signature.toString('base64')) : reject(error),
    );
  });
}

async function create(order: object): Promise<object> {
  await keep('created', order);
  return { ...order, status: 'requires_wallet' };
}

async function attempt(order: object): Promise<object> {
  await keep('started', order);
  const body = JSON.stringify(order);
  const answer = await post(settings.walletUrl, body, { 'x-signature': await signed(body) });
  const said = parseSigned(answer.bytes, answer.signature);
  await keep('answered', said);
  return { ...order, next_action: said };
}

async function notify(bytes: Buffer, signature: string, number: string): Promise<object> {
  const { tag = '', iv = '', content = '' } = parseSigned(bytes, signature);
  const opener = createDecipheriv('aes-256-gcm', secret, Buffer.from(iv, 'base64'));
  opener.setAuthTag(Buffer.from(tag, 'base64'));
  const plain = Buffer.concat([opener.update(Buffer.from(content, 'base64')), opener.final()]);
  const paid = JSON.parse(plain.toString('utf8')) as object;
  await keep('paid', paid);
  void deliver(JSON.stringify({ type: 'payment_intent.succeeded', data: paid }), number);
  return {};
}

async function deliver(body: string, number: string): Promise<void> {
  const signature = createHmac('sha256', secret).update(body).digest('base64');
  await post(settings.webhookUrl, body, { 'webhook-signature': `v1,${signature}`, number });
  await keep('delivered', { number });
}

const server = http.createServer(async (request, response) => {
  const bytes = await bytesOf(request);
  const isCallback = request.url === '/notify';
  const order = isCallback ? {} : (JSON.parse(bytes.toString('utf8')) as object);
  const answer = isCallback
    ? await notify(bytes, String(request.headers['x-signature']), String(request.headers.number))
    : await (request.url === '/create' ? create(order) : attempt(order));
  const text = JSON.stringify(answer);
  response
    .writeHead(200, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(text),
    })
    .end(text);
});
server.listen(settings.port, '127.0.0.1', () => {
  process.stdout.write(`ready at ${(server.address() as AddressInfo).port}\n`);
});
