/**
 * Operators' commands and doctor beside a platform that is running on PGlite, as processes of their
 * own: what would need the data folder is done by the process that has it.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { adminSocketPath } from '../../src/cli/admin-socket.ts';
import { expiries } from '../../src/cli/doctor-inside.ts';
import { type Serving, serve } from '../../src/cli/serve.ts';
import { readKeyRing, readSettings } from '../../src/cli/settings.ts';
import { systemRandom } from '../../src/runtime/random.ts';
import { builtCommand } from '../../tools/built-command.ts';
import { freePort } from '../../tools/free-port.ts';
import { call } from '../helpers/api.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

let dir: string;
let environment: Record<string, string | undefined>;
let serving: Serving | undefined;

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function hutong(...args: string[]): Promise<Ended> {
  const env = { ...process.env, DATABASE_URL: undefined, ...environment };
  const command = [builtCommand(), ...args];
  // From another folder than the checkout, as an operator would.
  return run(process.execPath, command, { env, cwd: dir }).then(
    ({ stdout, stderr }) => ({ code: 0, out: stdout, err: stderr }),
    (error: { readonly code: number; readonly stdout: string; readonly stderr: string }) => ({
      code: error.code,
      out: error.stdout,
      err: error.stderr,
    }),
  );
}

beforeAll(async () => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'hutong-beside-'));
  fs.writeFileSync(path.join(dir, 'master.key'), `${randomBytes(32).toString('hex')}\n`, {
    mode: 0o600,
  });
  const [port, sandboxPort, bazaarPort] = [await freePort(), await freePort(), await freePort()];
  environment = {
    HUTONG_DIR: dir,
    HUTONG_PORT: String(port),
    HUTONG_SANDBOX_PORT: String(sandboxPort),
    HUTONG_BAZAAR_PORT: String(bazaarPort),
    HUTONG_LOG_LEVEL: 'error',
  };
  const settings = readSettings(environment);
  if (!settings.ok) throw new Error(settings.error);
  const keyRing = readKeyRing(environment, dir, systemRandom, false);
  if (!keyRing.ok) throw new Error(keyRing.error);
  serving = await serve({
    settings: settings.value,
    keyRing: keyRing.value,
    print: () => undefined,
  });
});
afterAll(async () => {
  await serving?.composed.stop();
  fs.rmSync(dir, { recursive: true, force: true });
});

describe('beside a running platform', () => {
  test('B3: a marketplace and a key are made, and the key works at once', async () => {
    expect(await hutong('marketplace', 'list')).toMatchObject({ code: 0, err: '' });
    const made = await hutong('marketplace', 'add', 'shop', '--display-name', '胡同里');
    expect([made.code, made.err]).toEqual([0, '']);
    expect(made.out).toMatch(/^mkt_\w+ {2}shop {2}胡同里\n$/);
    const key = await hutong('key', 'create', 'shop', '--scopes', 'merchants:read');
    const [, secret = ''] = /(rk_test_[0-9a-f]+)/.exec(key.out) ?? [];
    const url = `http://127.0.0.1:${environment.HUTONG_PORT}/v1/merchants`;
    expect((await call('GET', url, { key: secret })).status).toBe(200);
    const listed = await hutong('key', 'list', 'shop');
    const [id = ''] = /key_\w+/.exec(listed.out) ?? [];
    expect((await hutong('key', 'revoke', id)).code).toBe(0);
    expect((await call('GET', url, { key: secret })).status).toBe(401);
  });

  test('B3: mistakes, help and files of the caller are as in a process of its own', async () => {
    const unknown = await hutong('key', 'create', 'nobody');
    expect([unknown.code, unknown.out]).toEqual([1, '']);
    expect(unknown.err).toBe('hutong: no marketplace nobody; there are: shop\n');
    const missing = await hutong('key', 'create');
    expect(missing.code).toBe(1);
    expect(missing.err).toContain("missing required argument 'marketplace'");
    const help = await hutong('key', '--help');
    expect([help.code, help.err]).toEqual([0, '']);
    expect(help.out).toContain('revoke <id>');
    // A relative file name is the caller's.
    fs.writeFileSync(path.join(dir, 'papers.json'), '{"mchid": "x"}');
    const incomplete = await hutong('wallet', 'shop', 'wechatpay', 'papers.json');
    expect(incomplete.code).toBe(1);
    expect(incomplete.err).toContain('mchid');
    expect((await hutong('audit', 'verify')).code).toBe(0);
    expect((await hutong('keys', 'list')).out).toContain('current');
  });

  test('B3: only the owner can open the socket', () => {
    expect(fs.statSync(adminSocketPath(dir)).mode & 0o777).toBe(0o600);
  });

  test('B4: doctor knows a running platform and finds it healthy', async () => {
    const healthy = await hutong('doctor');
    expect(healthy.out).toContain(
      `✓ platform   running at http://127.0.0.1:${environment.HUTONG_PORT}`,
    );
    expect(healthy.out).toMatch(/✓ database {3}pglite, schema \d+, 1 marketplaces/);
    expect(healthy.out).toContain("✓ clock      agrees with the database's");
    expect(healthy.out).not.toContain('✗');
    expect(healthy.code).toBe(0);
  });

  test('B4: doctor still finds what holds a port and is not ours', async () => {
    const stranger = await import('node:net').then(({ createServer }) => createServer());
    await new Promise<void>((resolve) => {
      stranger.listen(Number(environment.HUTONG_SANDBOX_PORT), '127.0.0.1', resolve);
    });
    try {
      const ended = await hutong('doctor');
      expect(ended.code).toBe(1);
      expect(ended.out).toMatch(/✗ sandbox {4}port \d+ is in use; stop what holds it or set/);
    } finally {
      stranger.close();
    }
  });

  test('B4: doctor warns of certificates that expire, under any field name', () => {
    const [pem = ''] = fs
      .readFileSync(
        path.join(ROOT, 'src/wires/alipay/fixtures/alipayCertPublicKey_RSA2.crt'),
        'utf8',
      )
      .match(/-----BEGIN[\s\S]*?END CERTIFICATE-----/) ?? [''];
    const credentials = { keys: { alipayCert: `${pem}\n`, other: 'text' } };
    const [line = ''] = expiries(credentials, Date.UTC(2039, 0, 1));
    expect(line).toMatch(/^its certificate \(.+\) ended \d+ days ago: set the new one$/);
    expect(expiries(credentials, Date.UTC(2000, 0, 1))).toEqual([]);
    expect(expiries({ a: '-----BEGIN CERTIFICATE-----xx-----END CERTIFICATE-----' }, 0)).toEqual(
      [],
    );
  });

  test('B3: without a platform the command opens the data folder itself', async () => {
    await serving?.composed.stop();
    serving = undefined;
    expect(fs.existsSync(adminSocketPath(dir))).toBe(false);
    const listed = await hutong('marketplace', 'list');
    expect([listed.code, listed.err]).toEqual([0, '']);
    expect(listed.out).toContain('shop');
    expect((await hutong('doctor')).out).toMatch(/✓ platform {3}port \d+ is free/);
  });
});
