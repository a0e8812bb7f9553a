/**
 * Admin commands beside a running platform. On PGlite the data folder belongs to one process, so
 * that process runs them: the command line sends it the arguments over a socket in the folder,
 * which only the folder's owner can open, and prints what it returns.
 *
 * One line of JSON in, `{argv, cwd}`; lines of JSON out, `{out}`, `{err}`, and last `{exit}`.
 */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';

const FILE_NAME = 'admin.sock';
/** A socket's address is limited on every system (sun_path: 104 to 108 bytes). */
const ADDRESS_BYTES_MAX = 100;
const REQUEST_BYTES_MAX = 65_536;
const REQUEST_TIMEOUT_MS = 5_000;

export interface AdminRequest {
  /** The arguments after `hutong`. */
  readonly argv: readonly string[];
  /** The directory that relative file names in the arguments refer to. */
  readonly cwd: string;
}

export interface AdminOutput {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

/** Runs one command and returns its exit code. */
export type AdminRunner = (request: AdminRequest, output: AdminOutput) => Promise<number>;

/** In the folder or, if its name is too long, in the system's temporary folder. */
export function adminSocketPath(dir: string): string {
  const inFolder = path.join(dir, FILE_NAME);
  if (Buffer.byteLength(inFolder) <= ADDRESS_BYTES_MAX) return inFolder;
  const name = createHash('sha256').update(path.resolve(dir)).digest('hex').slice(0, 24);
  return path.join(os.tmpdir(), `hutong-${os.userInfo().uid}-${name}`, FILE_NAME);
}

/**
 * Opens the socket; the caller holds the folder's lock, so the file of an earlier process is
 * removed.
 */
export async function serveAdmin(
  dir: string,
  run: AdminRunner,
): Promise<{ readonly close: () => Promise<void> }> {
  const address = adminSocketPath(dir);
  const folder = path.dirname(address);
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  fs.rmSync(address, { force: true });
  const open = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    open.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => open.delete(socket));
    void answer(socket, run);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    // The file is created by this call, and must be inaccessible to others from the first moment.
    const before = process.umask(0o177);
    server.listen(address, resolve);
    process.umask(before);
  });
  return {
    close: () =>
      new Promise((resolve) => {
        for (const socket of open) socket.destroy();
        server.close(() => {
          fs.rmSync(address, { force: true });
          resolve();
        });
      }),
  };
}

async function answer(socket: net.Socket, run: AdminRunner): Promise<void> {
  const send = (line: object): void => void socket.write(`${JSON.stringify(line)}\n`);
  const output = { out: (out: string) => send({ out }), err: (err: string) => send({ err }) };
  try {
    const request = readRequest(await firstLine(socket));
    send({ exit: await run(request, output) });
  } catch (error) {
    output.err(`hutong: ${error instanceof Error ? error.message : String(error)}\n`);
    send({ exit: 1 });
  }
  socket.end();
}

function firstLine(socket: net.Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const timer = setTimeout(() => done(new Error('no command came')), REQUEST_TIMEOUT_MS);
    const done = (error?: Error): void => {
      clearTimeout(timer);
      socket.off('data', take);
      if (error === undefined) resolve(text.slice(0, text.indexOf('\n')));
      else reject(error);
    };
    const take = (chunk: string): void => {
      text += chunk;
      if (text.includes('\n')) done();
      else if (text.length > REQUEST_BYTES_MAX) done(new Error('the command is too long'));
    };
    socket.setEncoding('utf8').on('data', take);
    socket.once('close', () => done(new Error('the command broke off')));
  });
}

function readRequest(line: string): AdminRequest {
  const request = JSON.parse(line) as Partial<AdminRequest> | null;
  const { argv, cwd } = request ?? {};
  const isGood =
    Array.isArray(argv) &&
    argv.every((argument) => typeof argument === 'string') &&
    typeof cwd === 'string';
  if (!isGood) throw new Error('a command is {"argv": [words], "cwd": folder}');
  return { argv: argv as readonly string[], cwd: cwd as string };
}

/** The exit code of a command that the running platform executed; undefined if none is running. */
export async function forwardToRunning(
  dir: string,
  request: AdminRequest,
  output: AdminOutput,
): Promise<number | undefined> {
  const socket = await connectTo(adminSocketPath(dir));
  if (socket === undefined) return undefined;
  socket.write(`${JSON.stringify(request)}\n`);
  let rest = '';
  let exit: number | undefined;
  for await (const chunk of socket.setEncoding('utf8')) {
    const lines = `${rest}${String(chunk)}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const message = JSON.parse(line) as { out?: string; err?: string; exit?: number };
      if (message.out !== undefined) output.out(message.out);
      if (message.err !== undefined) output.err(message.err);
      exit = message.exit ?? exit;
    }
  }
  if (exit !== undefined) return exit;
  output.err(
    'hutong: the running platform went away before the command was done: look, and repeat\n',
  );
  return 1;
}

/** undefined if nobody listens: no such file, or one that a killed process left. */
function connectTo(address: string): Promise<net.Socket | undefined> {
  return new Promise((resolve) => {
    if (!fs.existsSync(address) || !isTrusted(address)) {
      resolve(undefined);
      return;
    }
    const socket = net.connect(address);
    socket.once('connect', () => resolve(socket));
    socket.once('error', () => resolve(undefined));
  });
}

/** In the system's temporary folder anybody may have created a folder of that name before us. */
function isTrusted(address: string): boolean {
  const folder = path.dirname(address);
  if (path.dirname(folder) !== os.tmpdir()) return true;
  return fs.statSync(folder).uid === os.userInfo().uid;
}
