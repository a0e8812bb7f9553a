/**
 * The operator's commands as one program: run by the command line itself or, if a platform has the
 * data folder open, inside that platform, which receives them over its admin socket.
 */
import { Command, CommanderError } from 'commander';
import { addAdminCommands } from './admin-commands.ts';
import type { AdminContext, LeasedSession } from './admin-session.ts';
import type { AdminOutput, AdminRequest, AdminRunner } from './admin-socket.ts';
import { addArchiveCommand } from './archive.ts';
import { addCellsCommands } from './cells.ts';
import { lookInside } from './doctor-inside.ts';
import { addKeysCommands } from './keys.ts';
import type { Settings } from './settings.ts';

export function addOperatorCommands(program: Command, context: AdminContext): void {
  addAdminCommands(program, context);
  addKeysCommands(program, context);
  addArchiveCommand(program, context);
  addCellsCommands(program, context);
}

/** Runs commands with what a running platform has open; `onDone` after each. */
export function runnerInside(
  inside: LeasedSession & { readonly settings: Settings; readonly nowMs: () => number },
  onDone: () => void,
): AdminRunner {
  return async (request, output) => {
    const code = await runInside(inside, request, output);
    onDone();
    return code;
  };
}

async function runInside(
  inside: LeasedSession & { readonly settings: Settings; readonly nowMs: () => number },
  { argv, cwd }: AdminRequest,
  { out, err }: AdminOutput,
): Promise<number> {
  const print = (line: string): void => out(`${line}\n`);
  let code = 0;
  const program = new Command('hutong')
    .exitOverride()
    .configureOutput({
      writeOut: out,
      writeErr: err,
      outputError: (text, write) => write(text.replace(/^error: /, 'hutong: ')),
    })
    .showHelpAfterError('hutong: add --help to see what it takes');
  addOperatorCommands(program, {
    print,
    aside: (line) => err(`${line}\n`),
    inSession: (work) => work(inside, inside.settings),
    cwd,
  });
  program.command('doctor', { hidden: true }).action(async () => {
    code = (await lookInside(inside, print)) ? 0 : 1;
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return code;
  } catch (error) {
    // Commander has already printed its own errors and help.
    if (error instanceof CommanderError) return error.exitCode;
    err(`hutong: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}
