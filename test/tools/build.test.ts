/**
 * What `npm run build` makes is what production runs: the same command without a TypeScript loader,
 * and no package that would run a script of its own when it is installed.
 */
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildCode, buildLock, buildSbom } from '../../tools/build.ts';
import { freePort } from '../../tools/free-port.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

let folder: string;
let home: string;

beforeAll(() => {
  // Inside the checkout, so that its packages are found without an installation.
  fs.mkdirSync(path.join(ROOT, 'artefacts'), { recursive: true });
  folder = fs.mkdtempSync(path.join(ROOT, 'artefacts', 'build-'));
  home = fs.mkdtempSync(path.join(os.tmpdir(), 'hutong-build-'));
  buildCode(folder);
});
afterAll(() => {
  for (const made of [folder, home]) fs.rmSync(made, { recursive: true, force: true });
});

interface Locked {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly hasInstallScript?: boolean;
}

/** Everything that an installation of these packages brings, by the lock. */
function reachable(names: readonly string[]): Map<string, Locked> {
  const lock = JSON.parse(fs.readFileSync(path.join(ROOT, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, Locked>>;
  };
  const found = new Map<string, Locked>();
  const visit = (name: string, from: string): void => {
    const own = `${from}node_modules/${name}`;
    const place = lock.packages[own] === undefined ? `node_modules/${name}` : own;
    const entry = lock.packages[place];
    if (entry === undefined || found.has(place)) return;
    found.set(place, entry);
    for (const next of Object.keys(entry.dependencies ?? {})) visit(next, `${place}/`);
  };
  for (const name of names) visit(name, '');
  return found;
}

describe('the build', () => {
  it('is JavaScript only, with its source maps', () => {
    const files = fs.readdirSync(path.join(folder, 'src'), { recursive: true }).map(String);
    expect(files.filter((name) => name.endsWith('.ts'))).toEqual([]);
    expect(files).toContain(path.join('cli', 'main.js.map'));
    expect(files).toContain(path.join('store', 'migrations', '0001-foundation.sql'));
    const worker = fs.readFileSync(path.join(folder, 'src/database/pglite-worker.js'), 'utf8');
    expect(worker).not.toContain('tsx');
  });

  it('wants the packages that it imports, and none that runs a script when installed', () => {
    const manifest = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8')) as {
      readonly dependencies: Readonly<Record<string, string>>;
    };
    const names = Object.keys(manifest.dependencies);
    expect(names).toContain('fastify');
    expect(names).not.toContain('tsx');
    const all = reachable(names);
    expect(all.size).toBeGreaterThan(names.length);
    expect([...all].filter(([, { hasInstallScript }]) => hasInstallScript)).toEqual([]);
    // The check can fail: the checkout's own loader brings one.
    expect([...reachable(['tsx']).values()].some((one) => one.hasInstallScript)).toBe(true);
  });

  it('S21: package.json wants no package that nothing imports', () => {
    const read = (root: string): readonly string[] => {
      const text = fs.readFileSync(path.join(root, 'package.json'), 'utf8');
      return Object.keys((JSON.parse(text) as { readonly dependencies: object }).dependencies);
    };
    // A checkout runs through its loader, which no file of src imports.
    expect(read(ROOT).filter((name) => name !== 'tsx')).toEqual(read(folder));
  });

  it('S21: writes what it ships as a bill of materials, and nothing else', () => {
    buildLock(folder);
    buildSbom(folder);
    const bom = JSON.parse(fs.readFileSync(path.join(folder, 'sbom.cdx.json'), 'utf8'));
    expect(bom).toMatchObject({
      bomFormat: 'CycloneDX',
      metadata: { component: { name: 'hutong' } },
    });
    const lock = JSON.parse(fs.readFileSync(path.join(folder, 'package-lock.json'), 'utf8')) as {
      readonly packages: Readonly<Record<string, { readonly version: string }>>;
    };
    const locked = Object.entries(lock.packages).flatMap(([place, { version }]) =>
      place === '' ? [] : [`${place.split('node_modules/').at(-1)}@${version}`],
    );
    const told = (
      bom.components as { readonly 'bom-ref': string; readonly hashes?: unknown[] }[]
    ).map((component) => component['bom-ref']);
    expect([...new Set(told)].sort()).toEqual([...new Set(locked)].sort());
    expect(told.some((name) => name.startsWith('vitest@'))).toBe(false);
  });

  it('is the same command', async () => {
    const help = async (root: string): Promise<string> =>
      (await run(process.execPath, [path.join(root, 'bin', 'hutong.js'), '--help'])).stdout;
    expect(await help(folder)).toBe(await help(ROOT));
  });

  it('says where the demo is to be had', async () => {
    const started = run(process.execPath, [path.join(folder, 'bin', 'hutong.js'), 'start']);
    await expect(started).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('the demo needs a checkout'),
    });
  });

  it('serves, on PGlite too, and stops on request', async () => {
    const child = spawn(process.execPath, [path.join(folder, 'bin', 'hutong.js'), 'serve'], {
      env: {
        ...process.env,
        HUTONG_DIR: home,
        HUTONG_PORT: String(await freePort()),
        HUTONG_MASTER_KEY: randomBytes(32).toString('hex'),
        HUTONG_LOG_LEVEL: 'warn',
        DATABASE_URL: undefined,
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(child, 'exit');
    try {
      let url: string | undefined;
      for await (const line of createInterface({ input: child.stdout })) {
        url = /ready at (\S+)/.exec(line)?.[1];
        if (url !== undefined) break;
      }
      expect((await fetch(`${url}/readyz`)).status).toBe(200);
      const served = await (await fetch(`${url}/openapi.json`)).json();
      const committed = fs.readFileSync(path.join(ROOT, 'openapi.json'), 'utf8');
      expect(served).toEqual(JSON.parse(committed));
      expect((await fetch(`${url}/docs`)).status).toBe(200);
    } finally {
      child.kill('SIGTERM');
    }
    expect(await ended).toEqual([0, null]);
  });
});
