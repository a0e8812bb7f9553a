/**
 * The SDK as a user gets it: the tarball of `npm run build`, installed in projects of their own
 * kinds. Each compiles without the checkout's settings and runs as plain JavaScript.
 */
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildSdk } from '../../tools/build-sdk.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TSC = path.join(ROOT, 'node_modules/typescript7/bin/tsc');
const run = promisify(execFile);

let home: string;
let project: string;
let server: Server;

/** What every project does: a payment, a refusal, a webhook. `checkout` is the same in all. */
const CHECKOUT = `
const hutong = new Hutong({ baseUrl: process.argv[2] ?? '', secretKey: 'sk_test_1' });
const intent = await hutong.paymentIntents.create({
  amount: 300, currency: 'cny', merchant_order_no: 'T1', description: 'two things',
  sub_orders: [{ merchant: 'mer_1', amount: 300, description: 'two things' }],
  buyer: { id: 'b1', device: 'desktop' },
});
const refused = await hutong.refunds.retrieve('re_1').catch((error: unknown) => error);
const payload = JSON.stringify({
  id: 'evt_1', type: 'refund.succeeded', object_version: 1, data: { object: { id: 're_1' } },
});
const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const timestampSeconds = Math.floor(Date.now() / 1000);
const headers = signWebhook({ id: 'm', timestampSeconds, payload, secret });
const event = verifyWebhook({ payload, headers, secret });
console.log(JSON.stringify({
  intent: intent.id, replayed: intent.lastResponse.idempotentReplayed,
  refused: refused instanceof HutongNotFoundError && refused.code, event: event.type,
}));
`;
const NAMES = 'Hutong, HutongNotFoundError, signWebhook, verifyWebhook';
const EXPECTED = {
  intent: 'pi_1',
  replayed: false,
  refused: 'not_found',
  event: 'refund.succeeded',
};
const inFunction = (code: string) => `async function main() {${code}}\nvoid main();\n`;
const untyped = (code: string) => code.replace('(error: unknown)', '(error)');

/** Names that must not compile: the packed declarations check as the sources do. */
const TYPED = `
import type { EventType, HutongEvent, PaymentIntent } from '@hutong/sdk';
const status: PaymentIntent['status'] = 'succeeded';
// @ts-expect-error: no such event type
const misspelt: EventType = 'refund.suceeded';
// @ts-expect-error: no such field
void (async () => new Hutong({ baseUrl: '', secretKey: '' }).merchants.create({ title: 'shop' }));
export function orderOf(event: HutongEvent): string {
  if (event.type === 'payment_intent.succeeded') return event.data.object.merchant_order_no;
  return event.data.object.id + status + misspelt;
}
`;

beforeAll(async () => {
  home = fs.mkdtempSync(path.join(os.tmpdir(), 'hutong-sdk-'));
  const tarball = buildSdk(path.join(home, 'package'), home);
  project = path.join(home, 'project');
  fs.mkdirSync(project);
  write('package.json', JSON.stringify({ name: 'shop', version: '1.0.0', private: true }));
  // Offline: the tarball is all that it takes.
  const install = ['install', '--offline', '--no-audit', '--no-fund', tarball];
  await run('npm', install, { cwd: project });
  server = createServer((request, response) => {
    request.resume();
    const isCreate = request.method === 'POST' && request.url === '/v1/payment_intents';
    const error = { type: 'invalid_request_error', code: 'not_found', message: 'no such refund' };
    response.writeHead(isCreate ? 201 : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify(isCreate ? { id: 'pi_1' } : { error }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => {
  server?.closeAllConnections();
  server?.close();
  fs.rmSync(home, { recursive: true, force: true });
});

function write(name: string, text: string): void {
  fs.writeFileSync(path.join(project, name), text);
}

async function output(file: string): Promise<unknown> {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { stdout } = await run(process.execPath, [file, url], { cwd: project });
  return JSON.parse(stdout);
}

/** Compiled as strictly as can be, the package's declarations included. */
async function compile(
  files: readonly string[],
  options: Readonly<Record<string, string>>,
): Promise<void> {
  const flags = {
    ...{ strict: 'true', skipLibCheck: 'false', noUncheckedIndexedAccess: 'true' },
    ...{ exactOptionalPropertyTypes: 'true', target: 'es2022', types: 'node' },
    ...{ typeRoots: path.join(ROOT, 'node_modules/@types'), ...options },
  };
  const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]);
  await run(process.execPath, [TSC, ...files, ...args], { cwd: project }).catch((failed) => {
    throw new Error(`${files} does not compile: ${failed.stdout}`);
  });
}

describe('the packed SDK', () => {
  it('is JavaScript with declarations, wants no package and runs no script', () => {
    const folder = path.join(project, 'node_modules/@hutong/sdk');
    const files = fs.readdirSync(folder, { recursive: true, encoding: 'utf8' });
    expect(files.filter((name) => /(?<!\.d)\.ts$/.test(name))).toEqual([]);
    expect(files.filter((name) => name.includes('.test.'))).toEqual([]);
    expect(files).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'package.json']));
    const manifest = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'));
    const own = JSON.parse(fs.readFileSync(path.join(ROOT, 'sdk/package.json'), 'utf8'));
    expect(manifest).toMatchObject({ name: own.name, version: own.version });
    expect(manifest).not.toHaveProperty('dependencies');
    expect(manifest).not.toHaveProperty('scripts');
    for (const name of files.filter((file) => file.endsWith('.d.ts'))) {
      expect(fs.readFileSync(path.join(folder, name), 'utf8')).not.toMatch(/from '\..*\.ts'/);
    }
  });

  it('is imported by an ES module', async () => {
    write('shop.mjs', `import { ${NAMES} } from '@hutong/sdk';\n${untyped(CHECKOUT)}`);
    expect(await output('shop.mjs')).toEqual(EXPECTED);
  });

  it('is required by CommonJS', async () => {
    const code = inFunction(untyped(CHECKOUT));
    write('shop.cjs', `const { ${NAMES} } = require('@hutong/sdk');\n${code}`);
    expect(await output('shop.cjs')).toEqual(EXPECTED);
  });

  it('compiles in strict TypeScript, as an ES module and as CommonJS, and runs', async () => {
    const names = `import { ${NAMES} } from '@hutong/sdk';\n`;
    write('typed.mts', `${names}${CHECKOUT}${TYPED}`);
    write('typed.cts', `${names}${inFunction(CHECKOUT)}${TYPED}`);
    const forNode = { module: 'nodenext', moduleResolution: 'nodenext' };
    await compile(['typed.mts', 'typed.cts'], forNode);
    expect(await output('typed.mjs')).toEqual(EXPECTED);
    expect(await output('typed.cjs')).toEqual(EXPECTED);
  });

  it('compiles for a bundler', async () => {
    write('bundled.ts', `import { ${NAMES} } from '@hutong/sdk';\n${CHECKOUT}${TYPED}`);
    const forBundlers = { module: 'esnext', moduleResolution: 'bundler', noEmit: 'true' };
    await compile(['bundled.ts'], forBundlers);
  });
});
