/**
 * The operator's key ring: list it, rotate to a new master key without downtime, retire the old
 * one.
 */
import type { Command } from 'commander';
import type { Envelope } from '../flows/key/envelope.ts';
import {
  type KeyContext,
  type KeyReport,
  type Resealed,
  reportKeys,
  retireKey,
  rotateMaster,
} from '../flows/key/rotate-keys.ts';
import type { Result } from '../kernel/result.ts';
import { wallClock } from '../runtime/clock.ts';
import { systemRandom } from '../runtime/random.ts';
import { announceKeys } from '../store/key/key-ring.ts';
import { cliNote } from './actor.ts';
import type { Print } from './admin-names.ts';
import type { AdminContext, LeasedSession } from './admin-session.ts';
import { envelopeAt } from './open-envelope.ts';

export function addKeysCommands(program: Command, context: AdminContext): void {
  const { print, inSession } = context;
  const keys = program
    .command('keys')
    .description('the master keys that secrets are sealed and tokens are made with (the key ring)')
    .addHelpText('after', RING_HELP);
  const at = (work: (context: KeyContext) => Promise<void>): Promise<void> =>
    inSession(async (session, own) => {
      const envelope = await envelopeAt(session.db, own);
      await work(await keyContext(session, envelope, print));
    });
  keys
    .command('list')
    .description('every master key: its standing, who holds it, and what still needs it')
    .action(() => at(listKeyRing));
  keys
    .command('rotate-master')
    .description('make a new master key the current one and reseal everything, without downtime')
    .option('--wait <seconds>', 'how long the processes have to take up the new key', '90')
    .option('--new-data-keys', 'also new data keys: where the old master key was disclosed', false)
    .addHelpText('after', ROTATE_HELP)
    .action((flags: { readonly wait: string; readonly newDataKeys: boolean }) => {
      const seconds = Number(flags.wait);
      if (!Number.isInteger(seconds) || seconds < 0 || seconds > 3_600)
        throw new Error(`--wait is 0 to 3600 seconds, not ${flags.wait}`);
      const options = { waitMs: seconds * 1_000, replacesDataKeys: flags.newDataKeys };
      return at(async (keys) => printResealed(keys, await rotateMaster(keys, options)));
    });
  keys
    .command('retire <kid>')
    .description('end an old master key; refused while an open payment holds tokens of it')
    .action((kid: string) =>
      at(async (context) => {
        const retired = await retireKey(context, kid);
        if (!retired.ok) throw new Error(retired.error);
        const { file, name } = context.envelope.ring.source;
        const rest = file === null ? `take it out of ${name}` : `it is gone from ${file}`;
        print(`${kid} is retired: what it sealed opens no more; ${rest} (and every other copy)`);
      }),
    );
}

const RING_HELP = `
The ring is HUTONG_MASTER_KEY_FILE (or HUTONG_DIR/master.key), mode 0600: keys of 64 hex digits, one
a line. Running processes read it again when it changes. HUTONG_MASTER_KEY holds the same keys,
comma separated; a process sees a change of it only after a restart.`;

const ROTATE_HELP = `
Adds a key to the ring file (or takes one that was added by hand), waits until every live process
reports that it holds it, makes it current, then reseals data keys and old values. On several
machines copy the ring file to each while it waits. Interrupted, it is run again. With the
environment's form: append a key to the list, restart the processes in turn, run it.`;

/**
 * Reports its own keys first: a command is a process, too, and the rotation waits for it like any
 * other.
 */
async function keyContext(
  { db, cells, lease, ids }: LeasedSession,
  envelope: Envelope,
  print: Print,
): Promise<KeyContext> {
  const announce = async (): Promise<void> => {
    const kids = envelope.ring.all().map(({ kid }) => kid);
    await announceKeys(db, lease, kids, envelope.currentKid());
  };
  const noteOf = (action: string) => cliNote(ids, null, action);
  await announce();
  return { db, cells, envelope, wall: wallClock, random: systemRandom, print, announce, noteOf };
}

async function listKeyRing(context: KeyContext): Promise<void> {
  for (const line of reportLines(await reportKeys(context))) context.print(line);
}

function reportLines(report: KeyReport): string[] {
  const rows = [
    ['key', 'standing', 'in this ring', 'held by', 'data keys', 'open payments'],
    ...report.keys.map(({ kid, status, isHere, holders, dataKeys, openPayments }) => [
      kid,
      status,
      isHere ? 'yes' : 'no',
      `${holders} of ${report.processes}`,
      String(dataKeys),
      String(openPayments),
    ]),
  ];
  const widths = (rows[0] ?? []).map((_, at) =>
    Math.max(...rows.map((row) => row[at]?.length ?? 0)),
  );
  const lines = rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const [named, unnamed] = [report.values.get('v2') ?? 0, report.values.get('v1') ?? 0];
  lines.push(`sealed values: ${named} under data keys, ${unnamed} of the form that names no key`);
  if (report.unnamed !== undefined)
    lines.push(`${report.unnamed} is in this ring and not in use: rotate-master would take it`);
  return lines;
}

function printResealed(context: KeyContext, resealed: Result<Resealed, string>): void {
  if (!resealed.ok) throw new Error(resealed.error);
  const { dataKeys, values, broken } = resealed.value;
  for (const defect of broken) context.print(`! ${defect}`);
  const current = context.envelope.currentKid();
  context.print(`rotated to ${current}: ${dataKeys} data keys and ${values} values resealed`);
  if (broken.length > 0)
    throw new Error(`${broken.length} rows do not open under any key: set them again`);
}
