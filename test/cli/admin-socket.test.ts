/** The socket over which a running platform does admin commands: who may open it, what it takes. */
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type AdminRunner,
  adminSocketPath,
  forwardToRunning,
  serveAdmin,
} from '../../src/cli/admin-socket.ts';

let dir: string;
beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'hutong-socket-'));
});
afterEach(() => {
  fs.rmSync(dir, { recursive: true, force: true });
});

const echo: AdminRunner = async ({ argv, cwd }, { out, err }) => {
  out(`${argv.join(' ')} in ${cwd}\n`);
  err('a warning\n');
  return 3;
};

function collected() {
  const said: string[] = [];
  const output = {
    out: (text: string) => void said.push(`out ${text}`),
    err: (text: string) => void said.push(`err ${text}`),
  };
  return { said, output };
}

/** What comes back for these bytes. */
function raw(address: string, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = net.connect(address, () => socket.end(bytes));
    socket.setEncoding('utf8').on('data', (chunk) => {
      text += String(chunk);
    });
    socket.on('close', () => resolve(text));
    socket.on('error', reject);
  });
}

describe('the admin socket', () => {
  test('carries arguments, folder, output and exit code', async () => {
    const server = await serveAdmin(dir, echo);
    const { said, output } = collected();
    const request = { argv: ['key', 'list', '胡同 "a"\n'], cwd: '/somewhere' };
    expect(await forwardToRunning(dir, request, output)).toBe(3);
    expect(said).toEqual(['out key list 胡同 "a"\n in /somewhere\n', 'err a warning\n']);
    await server.close();
    expect(fs.existsSync(adminSocketPath(dir))).toBe(false);
  });

  test('can be opened by its owner alone, whatever the umask and the folder are', async () => {
    fs.chmodSync(dir, 0o755);
    const before = process.umask(0);
    try {
      const server = await serveAdmin(dir, echo);
      expect(fs.statSync(adminSocketPath(dir)).mode & 0o777).toBe(0o600);
      expect(process.umask()).toBe(0);
      await server.close();
    } finally {
      process.umask(before);
    }
  });

  test('no listener, or a file that a killed process left: the caller does it itself', async () => {
    const { output } = collected();
    const request = { argv: ['key'], cwd: dir };
    expect(await forwardToRunning(dir, request, output)).toBeUndefined();
    fs.writeFileSync(adminSocketPath(dir), '');
    expect(await forwardToRunning(dir, request, output)).toBeUndefined();
    const server = await serveAdmin(dir, echo);
    expect(await forwardToRunning(dir, request, output)).toBe(3);
    await server.close();
  });

  test('a folder with a long name has its socket elsewhere, the same one each time', async () => {
    const long = path.join(dir, 'x'.repeat(120));
    expect(Buffer.byteLength(adminSocketPath(long))).toBeLessThan(104);
    const server = await serveAdmin(long, echo);
    const folder = path.dirname(adminSocketPath(long));
    expect(fs.statSync(folder).mode & 0o777).toBe(0o700);
    expect(await forwardToRunning(long, { argv: [], cwd: '/' }, collected().output)).toBe(3);
    await server.close();
    fs.rmSync(folder, { recursive: true });
  });

  test.each([
    ['no JSON', 'hello\n'],
    ['null', 'null\n'],
    ['a number for an argument', '{"argv":[1],"cwd":"/"}\n'],
    ['no folder', '{"argv":["key"]}\n'],
    ['nothing', ''],
    ['no end', '{"argv":["key"]'],
    ['too much', `${'x'.repeat(70_000)}`],
  ])('refuses %s in one line and goes on', async (_name, bytes) => {
    const server = await serveAdmin(dir, echo);
    const answered = (await raw(adminSocketPath(dir), bytes)).trim().split('\n');
    const lines = answered.filter((line) => line !== '').map((line) => JSON.parse(line) as object);
    if (lines.length > 0) expect(lines.at(-1)).toEqual({ exit: 1 });
    expect(await forwardToRunning(dir, { argv: [], cwd: '/' }, collected().output)).toBe(3);
    await server.close();
  });

  test('a command that throws is reported in one line, and so is a platform that goes away', async () => {
    const failing: AdminRunner = async ({ argv }) => {
      if (argv[0] === 'fail') throw new Error('it is so');
      return new Promise(() => undefined);
    };
    const server = await serveAdmin(dir, failing);
    const first = collected();
    expect(await forwardToRunning(dir, { argv: ['fail'], cwd: '/' }, first.output)).toBe(1);
    expect(first.said).toEqual(['err hutong: it is so\n']);
    const second = collected();
    const hanging = forwardToRunning(dir, { argv: ['hang'], cwd: '/' }, second.output);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await server.close();
    expect(await hanging).toBe(1);
    expect(second.said.join('')).toContain('went away');
  });
});
