/**
 * `hutong archive`: whole partitions of events, deliveries and notifications as files of newline
 * JSON. A file is written under a temporary name, made durable, and read again before it is listed
 * in the folder's manifest with its rows and its hash; what is listed is not written twice.
 * Partitions are dropped only if asked for, and only after they were read once more and are what
 * the files hold.
 */
import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import fs from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import type { Db } from '../database/db.ts';
import { wallClock } from '../runtime/clock.ts';
import {
  detachPartitions,
  dropDetached,
  endedBy,
  idAt,
  type Partition,
  readPartitions,
  TIME_TABLES,
  type TimeTable,
} from '../store/batch/partitions.ts';
import { HOME_CELL } from '../store/cells.ts';
import { readLines } from '../store/webhook/archive.ts';
import type { Print } from './admin-names.ts';
import type { AdminContext } from './admin-session.ts';

const PAGE_ROWS = 1_000;
const PROGRESS_EVERY_MS = 2_000;
const MANIFEST = 'manifest.json';

interface ArchiveFlags {
  readonly before: string;
  readonly to: string;
  readonly drop: boolean;
}

const ARCHIVE_HELP = `
A partition is a range of time; those that end at or before the date are written, each to a file of
newline JSON (events as GET /v1/events shows them). manifest.json has each file's rows and SHA-256.
Interrupted, it is run again: a file that still is what the manifest says is not written twice.
--drop takes the partitions out of the database afterwards, if they still are what the files hold
and no delivery in them is due. Each cell but the home has a folder of its own, under its name.`;

export function addArchiveCommand(program: Command, context: AdminContext): void {
  const { print, aside, inSession, cwd } = context;
  program
    .command('archive <what>')
    .description('write old events, deliveries, notifications or all of them to files, verified')
    .requiredOption('--before <date>', 'what is older, such as 2027-01-31 (UTC)')
    .requiredOption('--to <folder>', 'where the files go; made if it is not there')
    .option('--drop', 'then drop what was written from the database', false)
    .addHelpText('after', ARCHIVE_HELP)
    .action((what: string, flags: ArchiveFlags) => {
      const tables = TIME_TABLES.filter(({ name }) => what === name || what === 'all');
      if (tables.length === 0)
        throw new Error(`archive takes events, deliveries, notifications or all, not ${what}`);
      const end = idAt(parseDate(flags.before));
      const folder = path.resolve(cwd, flags.to);
      return inSession(async ({ cells }) => {
        for (const { name, db } of cells.everywhere) {
          const own = name === HOME_CELL ? folder : path.join(folder, name);
          await fs.mkdir(own, { recursive: true, mode: 0o700 });
          for (const table of tables) {
            const archive = { db, table, folder: own, print, aside };
            const written = await writePartitions(archive, end);
            if (flags.drop) await dropWritten(archive, end, written);
          }
        }
      });
    });
}

function parseDate(text: string): number {
  const atMs = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  if (Number.isNaN(atMs)) throw new Error(`--before is a day such as 2027-01-31, not ${text}`);
  if (atMs > wallClock.nowMs()) throw new Error(`--before is a day of the past, not ${text}`);
  return atMs;
}

interface Archive {
  readonly db: Db;
  readonly table: TimeTable;
  readonly folder: string;
  readonly print: Print;
  readonly aside: Print;
}

interface Contents {
  readonly rows: number;
  readonly sha256: string;
}

interface Listed extends Contents {
  readonly file: string;
}

async function writePartitions(archive: Archive, end: bigint): Promise<readonly Partition[]> {
  const { db, table, folder, print } = archive;
  const ended = endedBy(await readPartitions(db, table.name), table, end);
  if (ended.length === 0) print(`${table.name}: no partition ends before this day`);
  for (const partition of ended) {
    const file = `${partition.name}.ndjson`;
    const listed = (await readManifest(folder)).find((one) => one.file === file);
    const known = listed !== undefined && isSame(listed, await readFileAgain(folder, file));
    const { rows, sha256 } = known ? listed : await writePartition(archive, partition);
    const how = known ? 'already there' : 'written';
    print(`✓ ${file}  ${rows} rows, sha256 ${sha256}, ${how}, read again`);
  }
  return ended;
}

async function writePartition(archive: Archive, partition: Partition): Promise<Contents> {
  const { folder } = archive;
  const file = `${partition.name}.ndjson`;
  const draft = path.join(folder, `${file}.partial`);
  const handle = await fs.open(draft, 'w', 0o600);
  let contents: Contents;
  try {
    contents = await readPartition(archive, partition, async (text) => {
      await handle.appendFile(text);
    });
    await handle.sync();
  } finally {
    await handle.close();
  }
  if (!isSame(contents, await readFileAgain(folder, `${file}.partial`)))
    throw new Error(`${draft} does not hold what was written to it: is the disk sound?`);
  await fs.rename(draft, path.join(folder, file));
  await list(folder, { file, ...contents });
  return contents;
}

/** The partition as it is now, with progress for the reader. */
async function readPartition(
  { db, table, aside }: Archive,
  partition: Partition,
  take: (text: string) => Promise<void>,
): Promise<Contents> {
  const hash = createHash('sha256');
  let rows = 0;
  let lastMs = performance.now();
  for await (const page of readLines(db, table, partition, PAGE_ROWS)) {
    hash.update(page.text);
    rows += page.rows;
    await take(page.text);
    if (performance.now() - lastMs < PROGRESS_EVERY_MS) continue;
    lastMs = performance.now();
    aside(`  ${partition.name}: ${rows} rows`);
  }
  return { rows, sha256: hash.digest('hex') };
}

const NEWLINE = 10;

/** undefined: there is no such file. */
async function readFileAgain(folder: string, file: string): Promise<Contents | undefined> {
  const hash: Hash = createHash('sha256');
  let rows = 0;
  try {
    for await (const chunk of createReadStream(path.join(folder, file))) {
      const bytes = chunk as Buffer;
      hash.update(bytes);
      for (const byte of bytes) if (byte === NEWLINE) rows += 1;
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  return { rows, sha256: hash.digest('hex') };
}

function isSame(one: Contents, other: Contents | undefined): boolean {
  return one.rows === other?.rows && one.sha256 === other.sha256;
}

async function readManifest(folder: string): Promise<readonly Listed[]> {
  try {
    const text = await fs.readFile(path.join(folder, MANIFEST), 'utf8');
    return (JSON.parse(text) as { readonly files: readonly Listed[] }).files;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** Replaced whole, and durable with the file that it lists. */
async function list(folder: string, entry: Listed): Promise<void> {
  const others = (await readManifest(folder)).filter(({ file }) => file !== entry.file);
  const files = [...others, entry].sort((a, b) => (a.file < b.file ? -1 : 1));
  const draft = path.join(folder, `${MANIFEST}.partial`);
  const handle = await fs.open(draft, 'w', 0o600);
  try {
    await handle.writeFile(`${JSON.stringify({ files }, null, 2)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await fs.rename(draft, path.join(folder, MANIFEST));
  const directory = await fs.open(folder, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

async function dropWritten(
  archive: Archive,
  end: bigint,
  written: readonly Partition[],
): Promise<void> {
  const { db, table, folder, print } = archive;
  if (written.length === 0) return;
  const listed = await readManifest(folder);
  for (const partition of written) {
    const file = listed.find((one) => one.file === `${partition.name}.ndjson`);
    const now = await readPartition(archive, partition, async () => undefined);
    if (file === undefined || !isSame(file, now)) {
      await fs.rm(path.join(folder, `${partition.name}.ndjson`), { force: true });
      throw new Error(
        `${partition.name} has changed since it was written: nothing of ${table.name} is dropped; ` +
          'run it again',
      );
    }
  }
  const names = written.map(({ name }) => name);
  const dropped = await detachPartitions(db, table, end, names);
  if (dropped.length === 0)
    throw new Error(
      `nothing of ${table.name} is dropped: a delivery in it is still due, or another process is ` +
        'at it; run it again later',
    );
  await dropDetached(db, table.name);
  print(`✓ dropped from the database: ${dropped.join(', ')}`);
}
