/**
 * A real PostgreSQL server of our own, for tests, benches and chaos: a temporary cluster on a
 * random loopback port, gone after `stop`. It never touches a server that is already running.
 *
 * fsync is on unless asked otherwise: what is measured or killed must be what production runs.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { freePort } from './free-port.ts';
import { childrenOf, kill } from './process-tree.ts';

export interface PostgresOptions {
  /** postgresql.conf settings over the defaults below. */
  readonly settings?: Readonly<Record<string, string | number>>;
  /** Default true. */
  readonly fsync?: boolean;
  /** Where the cluster is put: default a new folder in the system's temporary one. */
  readonly folder?: string;
  readonly print?: (line: string) => void;
}

export interface TestPostgres {
  /** Superuser, database `postgres`, over TCP on loopback. */
  readonly url: string;
  readonly port: number;
  readonly folder: string;
  readonly version: string;
  /** The postmaster's process id while it runs. */
  readonly pid: () => number | undefined;
  /** The url of another database of this server, created if it is not there. */
  readonly database: (name: string, template?: string) => Promise<string>;
  readonly start: () => Promise<void>;
  /** Fast shutdown; with `remove` (the default) the folder goes too. */
  readonly stop: (options?: { readonly remove?: boolean }) => Promise<void>;
  /** SIGKILL to the postmaster and all its children: the power cut that a test can make. */
  readonly kill9: () => Promise<void>;
  readonly restart: () => Promise<void>;
  /**
   * A copy that follows this server, on a port of its own. This one waits for it with every commit
   * from now on, so that nothing is acknowledged that the copy does not have.
   */
  readonly standby: () => Promise<Standby>;
}

/** A server that only reads until it is promoted. */
export interface Standby extends TestPostgres {
  /** Resolves when it takes writes. */
  readonly promote: () => Promise<void>;
}

const NO_POSTGRES =
  'PostgreSQL is not installed (looked in /usr/lib/postgresql/*/bin and PATH): ' +
  'everything that needs a real server is skipped. Debian: apt-get install postgresql';

/** The name under which a standby asks for what is written. */
const STANDBY = 'hutong_standby';

/** undefined, with the reason printed, when no PostgreSQL is installed. */
export async function startPostgres(
  options: PostgresOptions = {},
): Promise<TestPostgres | undefined> {
  const server = await preparePostgres(options);
  await server?.start();
  return server;
}

/** The same, not started yet: its url is known before its second of initdb is spent. */
export async function preparePostgres(
  options: PostgresOptions = {},
): Promise<TestPostgres | undefined> {
  const binaries = findBinaries();
  if (binaries === undefined) {
    (options.print ?? console.error)(NO_POSTGRES);
    return undefined;
  }
  return asTestPostgres(new Server(binaries, options, await freePort()));
}

function asTestPostgres(server: Server): TestPostgres {
  return {
    url: server.url('postgres'),
    port: server.port,
    folder: server.folder,
    version: server.version,
    pid: () => server.pid,
    database: (name, template) => server.database(name, template),
    start: () => server.start(),
    stop: (stop) => server.stop(stop?.remove ?? true),
    kill9: () => server.kill9(),
    restart: async () => {
      await server.stop(false);
      await server.start();
    },
    standby: async () => {
      const copy = await server.copy();
      return { ...asTestPostgres(copy), promote: () => copy.promote() };
    },
  };
}

/** The newest installed server's folder of binaries. */
export function findBinaries(): string | undefined {
  const debian = '/usr/lib/postgresql';
  const installed = fs.existsSync(debian)
    ? fs
        .readdirSync(debian)
        .sort((a, b) => Number(b) - Number(a))
        .map((version) => path.join(debian, version, 'bin'))
    : [];
  const folders = [...installed, ...(process.env.PATH ?? '').split(path.delimiter)];
  return folders.find(
    (folder) =>
      folder !== '' &&
      fs.existsSync(path.join(folder, 'initdb')) &&
      fs.existsSync(path.join(folder, 'postgres')),
  );
}

class Server {
  readonly port: number;
  readonly folder: string;
  readonly version: string;
  readonly #binaries: string;
  readonly #data: string;
  readonly #settings: Readonly<Record<string, string | number>>;
  #child: ChildProcess | undefined;

  constructor(binaries: string, options: PostgresOptions, port: number) {
    this.#binaries = binaries;
    this.port = port;
    this.folder = options.folder ?? fs.mkdtempSync(path.join(os.tmpdir(), 'hutong-pg-'));
    this.version = run([path.join(binaries, 'postgres'), '--version'], this.folder).trim();
    this.#data = path.join(this.folder, 'data');
    this.#settings = {
      listen_addresses: '127.0.0.1',
      port,
      fsync: options.fsync === false ? 'off' : 'on',
      max_connections: 100,
      log_min_messages: 'warning',
      ...options.settings,
      unix_socket_directories: this.folder,
    };
  }

  get pid(): number | undefined {
    return this.#child?.pid === undefined ? undefined : this.#postmasterPid();
  }

  url(database: string): string {
    return `postgres://postgres@127.0.0.1:${this.port}/${database}`;
  }

  /** A synchronous standby of this server, started. */
  async copy(): Promise<Server> {
    const port = await freePort();
    const from = `host=127.0.0.1 port=${this.port} user=postgres application_name=${STANDBY}`;
    const settings = {
      ...this.#settings,
      port,
      primary_conninfo: from,
      // Its own from the day when it is promoted: there is no third server to wait for.
      synchronous_standby_names: '',
    };
    const copy = new Server(this.#binaries, { settings }, port);
    copy.#makeFolder();
    const backup = ['--dbname', from, '--pgdata', copy.#data, '--checkpoint', 'fast'];
    run([...asPostgres(), path.join(this.#binaries, 'pg_basebackup'), ...backup], copy.folder);
    fs.writeFileSync(path.join(copy.#data, 'standby.signal'), '');
    await copy.start();
    await this.#query(`alter system set synchronous_standby_names = '${STANDBY}'`);
    await this.#query('select pg_reload_conf()');
    return copy;
  }

  async promote(): Promise<void> {
    await this.#query('select pg_promote()');
  }

  async #query(text: string): Promise<void> {
    const client = new pg.Client({ connectionString: this.url('postgres') });
    await client.connect();
    await client.query(text).finally(() => client.end());
  }

  #makeFolder(): void {
    fs.mkdirSync(this.folder, { recursive: true });
    if (!isRoot()) return;
    const { uid, gid } = postgresUser();
    fs.chownSync(this.folder, uid, gid);
  }

  #initialise(): void {
    this.#makeFolder();
    run(
      [
        ...asPostgres(),
        path.join(this.#binaries, 'initdb'),
        ...['--pgdata', this.#data, '--username', 'postgres', '--auth', 'trust'],
        ...['--encoding', 'UTF8', '--locale', 'C.UTF-8', '--no-sync'],
      ],
      this.folder,
    );
  }

  async start(): Promise<void> {
    if (!fs.existsSync(this.#data)) this.#initialise();
    const settings = Object.entries(this.#settings).flatMap(([name, value]) => [
      '-c',
      `${name}=${value}`,
    ]);
    const command = [
      ...asPostgres(),
      path.join(this.#binaries, 'postgres'),
      ...['-D', this.#data],
      ...settings,
    ];
    const log = fs.openSync(path.join(this.folder, 'log'), 'a');
    const child = spawn(command[0]!, command.slice(1), {
      cwd: this.folder,
      stdio: ['ignore', log, log],
    });
    fs.closeSync(log);
    this.#child = child;
    await this.#untilReady(child);
  }

  async stop(remove: boolean): Promise<void> {
    await this.#signal('SIGINT');
    if (remove) fs.rmSync(this.folder, { recursive: true, force: true });
  }

  async kill9(): Promise<void> {
    const postmaster = this.#postmasterPid();
    if (postmaster !== undefined) {
      for (const pid of [postmaster, ...childrenOf(postmaster)]) kill(pid, 'SIGKILL');
    }
    await this.#exited();
  }

  async database(name: string, template?: string): Promise<string> {
    const client = new pg.Client({ connectionString: this.url('postgres') });
    await client.connect();
    try {
      const known = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
      if (known.rowCount === 0) {
        const from = template === undefined ? '' : ` TEMPLATE ${pg.escapeIdentifier(template)}`;
        await client.query(`CREATE DATABASE ${pg.escapeIdentifier(name)}${from}`);
      }
    } finally {
      await client.end();
    }
    return this.url(name);
  }

  async #untilReady(child: ChildProcess): Promise<void> {
    for (let tries = 0; tries < 600; tries += 1) {
      if (child.exitCode !== null || child.signalCode !== null) break;
      const client = new pg.Client({ connectionString: this.url('postgres') });
      client.on('error', () => undefined);
      try {
        await client.connect();
        await client.end();
        return;
      } catch {
        await sleep(50);
      }
    }
    const log = fs.readFileSync(path.join(this.folder, 'log'), 'utf8').slice(-2_000);
    throw new Error(`PostgreSQL did not start:\n${log}`);
  }

  async #signal(signal: NodeJS.Signals): Promise<void> {
    const postmaster = this.#postmasterPid();
    if (postmaster !== undefined) kill(postmaster, signal);
    await this.#exited();
  }

  async #exited(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    await new Promise<void>((resolve) => {
      child.once('exit', () => resolve());
    });
  }

  /** runuser stands between us and the server, so the child's own id is not the postmaster's. */
  #postmasterPid(): number | undefined {
    try {
      const first = fs.readFileSync(path.join(this.#data, 'postmaster.pid'), 'utf8');
      const pid = Number(first.split('\n')[0]);
      return Number.isSafeInteger(pid) && pid > 1 ? pid : undefined;
    } catch {
      return undefined;
    }
  }
}

function run(command: readonly string[], cwd: string): string {
  return execFileSync(command[0]!, command.slice(1), { cwd, encoding: 'utf8', stdio: 'pipe' });
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/** PostgreSQL refuses to run as root; the package made a user for it. */
export function asPostgres(): readonly string[] {
  return isRoot() ? ['runuser', '-u', 'postgres', '--'] : [];
}

function postgresUser(): { readonly uid: number; readonly gid: number } {
  const id = (flag: string) => Number(run(['id', flag, 'postgres'], '/').trim());
  return { uid: id('-u'), gid: id('-g') };
}
