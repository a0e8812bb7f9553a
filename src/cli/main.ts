/**
 * The command line: demo, platform, sandbox, and what operators need around them. Each command
 * loads what it runs, and nothing of the others.
 */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { isHostName } from '../../sandbox/http/host-policy.ts';
import { systemRandom } from '../runtime/random.ts';
import type { InSession } from './admin-session.ts';
import { forwardToRunning } from './admin-socket.ts';
import { addNfcCommands } from './nfc.ts';
import { demoPorts, firstPortProblem } from './ports.ts';
import { readKeyRing, readSettings, SETTING_HELP, type Settings } from './settings.ts';

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const aside = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

function version(): string {
  const file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

/** A mistake of the caller: printed in one line, without a stack. */
class Refusal extends Error {}

function settings(): Settings {
  const read = readSettings(process.env);
  if (!read.ok) throw new Refusal(read.error);
  return read.value;
}

/** `hutong doctor | head`: a reader that stops reading is no error, and must not end a platform. */
function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
}

export async function main(argv: readonly string[]): Promise<void> {
  outliveReaders();
  const program = new Command('hutong')
    .description('Every wallet behind one API, one cashier and one ledger.')
    .version(version())
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'hutong: ')) })
    .showHelpAfterError('hutong: add --help to see what it takes')
    .addHelpText(
      'after',
      `\nSettings (environment):\n${SETTING_HELP.map(([name, what]) => `  ${name.padEnd(22)} ${what}`).join('\n')}`,
    );
  program
    .command('start', { isDefault: true })
    .description('the demo: platform, sandbox city and a shop, in one command')
    .action(runDemo);
  program
    .command('serve')
    .description('the platform alone, as production runs it')
    .action(runServe);
  addSandbox(program);
  addNfcCommands(program, print);
  program
    .command('migrate')
    .description('bring the database to this version and stop')
    .option(
      '--citus',
      'DATABASE_URL is the coordinator of a Citus cluster: its workers get the shards',
    )
    .option('--cells <number>', 'so many schemas, which move between workers (8)')
    .action(async (flags: { readonly citus?: true; readonly cells?: string }) => {
      const cellCount = countOfCells(flags);
      const own = settings();
      const { openCells } = await import('./open-database.ts');
      const { identifyAfterMigration } = await import('./wallet-admin.ts');
      const cells = await openCells(own, print);
      try {
        await identifyAfterMigration(cells.home, own, print);
      } finally {
        await cells.close();
      }
      if (cellCount === 0) return;
      const { spreadOverCitus } = await import('./migrate-citus.ts');
      await spreadOverCitus(inSession, cellCount, print);
    });
  program
    .command('doctor')
    .description('check settings, database, keys and ports, and say what to fix')
    .action(async () => {
      const { doctor } = await import('./doctor.ts');
      process.exitCode = (await doctor(process.env, print)) ? 0 : 1;
    });
  const [name = 'start'] = argv;
  const isKnown = () => program.commands.some((command) => command.name() === name);
  if (!isKnown()) {
    const { addOperatorCommands } = await import('./admin-program.ts');
    const cwd = process.cwd();
    addOperatorCommands(program, { print, aside, inSession, cwd });
    if (isKnown() && (await doneByRunning(argv, cwd))) return;
    if (!isKnown() && name !== 'help' && !name.startsWith('-')) {
      process.stderr.write(`hutong: no command ${name}; hutong --help lists them\n`);
      process.exit(2);
    }
  }
  try {
    await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    process.stderr.write(`hutong: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  }
}

/** 0: not on Citus. */
function countOfCells(flags: { readonly citus?: true; readonly cells?: string }): number {
  if (flags.citus === undefined && flags.cells === undefined) return 0;
  const count = Number(flags.cells ?? '8');
  if (flags.citus === undefined) throw new Error('--cells goes with --citus');
  if (Number.isInteger(count) && count >= 1 && count <= 64) return count;
  throw new Error('--cells is a number from 1 to 64');
}

const inSession: InSession = async (work) => {
  const own = settings();
  const { inOwnSession } = await import('./admin-session.ts');
  await inOwnSession(own, work);
};

/** On PGlite a running platform has the data folder open: it executes the operators' commands. */
async function doneByRunning(argv: readonly string[], cwd: string): Promise<boolean> {
  const own = readSettings(process.env);
  if (!own.ok || own.value.databaseUrl !== null) return false;
  const output = {
    out: (text: string) => void process.stdout.write(text),
    err: (text: string) => void process.stderr.write(text),
  };
  const code = await forwardToRunning(own.value.dir, { argv, cwd }, output);
  if (code === undefined) return false;
  process.exitCode = code;
  return true;
}

async function runDemo(): Promise<void> {
  const { hasDemo, startDemo } = await import('./start.ts');
  if (!hasDemo())
    throw new Refusal(
      'the demo needs a checkout, where npm start runs it; here are serve and sandbox',
    );
  const logLevel = process.env.HUTONG_LOG_LEVEL || 'warn';
  stopOnSignal(await startDemo({ ...settings(), logLevel }, print));
}

async function runServe(): Promise<void> {
  const own = settings();
  const keyRing = readKeyRing(process.env, own.dir, systemRandom, false);
  if (!keyRing.ok) throw new Refusal(keyRing.error);
  const taken = await firstPortProblem(demoPorts(own).slice(0, 1));
  if (taken !== null) throw new Refusal(taken);
  const { serve } = await import('./serve.ts');
  const { composed, url } = await serve({ settings: own, keyRing: keyRing.value, print });
  print(`platform    ready at ${url}`);
  stopOnSignal(composed);
}

function addSandbox(program: Command): void {
  program
    .command('sandbox')
    .description("the sandbox city alone: gateways that speak the wallets' wires exactly")
    .option('--host <address>', 'address to bind', '127.0.0.1')
    .option('--port <number>', 'port (HUTONG_SANDBOX_PORT, 4100)')
    .option('--allow-local-callbacks', 'callbacks may go to http and loopback', false)
    .option('--no-demo-papers', 'the platform writes demo.json, not the sandbox')
    .option('--control-token <token>', 'wanted for /control when bound elsewhere than to loopback')
    .option(
      '--gateway-host <name...>',
      "host names under which the gateways take signed calls, beside the wallets' own",
    )
    .action(async (flags: SandboxFlags) => {
      const own = settings();
      const port = flags.port === undefined ? own.sandboxPort : Number(flags.port);
      if (!Number.isInteger(port) || port < 0 || port > 65_535)
        throw new Refusal(`--port is 0 to 65535, not ${flags.port}`);
      const gatewayHostNames = (flags.gatewayHost ?? []).map((name) => name.toLowerCase());
      const unreadable = gatewayHostNames.find((name) => !isHostName(name));
      if (unreadable !== undefined)
        throw new Refusal(
          `--gateway-host is a host name without scheme or port, like pay.example, not ${unreadable}`,
        );
      const { runSandbox } = await import('../../sandbox/cli.ts');
      stopOnSignal(
        await runSandbox({
          dir: own.dir,
          port,
          host: flags.host,
          allowLocalCallbacks: flags.allowLocalCallbacks,
          writeDemoCredentials: flags.demoPapers,
          gatewayHostNames,
          ...(flags.controlToken === undefined ? {} : { controlToken: flags.controlToken }),
        }),
      );
    });
}

interface SandboxFlags {
  readonly host: string;
  readonly port?: string;
  readonly allowLocalCallbacks: boolean;
  readonly demoPapers: boolean;
  readonly controlToken?: string;
  readonly gatewayHost?: readonly string[];
}

/** The first signal stops gracefully; a second Ctrl-C at once. */
function stopOnSignal(running: { readonly stop: () => Promise<void> }): void {
  let isStopping = false;
  const leave = (signal: NodeJS.Signals): void => {
    // A parent that stops its children repeats the signal that the terminal has already sent them.
    if (isStopping && signal === 'SIGINT') process.exit(130);
    if (isStopping) return;
    isStopping = true;
    running.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`hutong: ${error instanceof Error ? error.message : String(error)}\n`);
        process.exit(1);
      },
    );
  };
  process.on('SIGINT', leave);
  process.on('SIGTERM', leave);
}
