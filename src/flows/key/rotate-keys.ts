/**
 * Rotation of the master key without downtime. (1) The new key is in this machine's ring and known
 * to the database as `new`; (2) every live process has reported that it holds it; (3) it becomes
 * current; (4) data keys, and values that are not under their marketplace's current one, are
 * resealed in small steps. Each step can be repeated after a crash, and by two operators at once.
 * The old key opens tokens until it is retired, which waits for the last open payment.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Db } from '../../database/db.ts';
import { err, ok, type Result } from '../../kernel/result.ts';
import type { Clock } from '../../runtime/clock.ts';
import { type KeySource, readKeyFile, writeKeyFile } from '../../runtime/key-file.ts';
import { type KeyRing, masterKeyOf } from '../../runtime/key-ring.ts';
import type { Random } from '../../runtime/random.ts';
import type { AuditNote } from '../../store/audit/audited.ts';
import type { Cells } from '../../store/cells.ts';
import { countDataKeys, readDataKeysNotUnder, resealDataKey } from '../../store/key/data-keys.ts';
import {
  addMasterKey,
  type MasterKeyRow,
  type ProcessKeys,
  readMasterKeys,
  readProcessKeys,
  retireMasterKey,
  switchMasterKey,
  underKeyLock,
} from '../../store/key/key-ring.ts';
import {
  countOpenPayments,
  countSealedValues,
  readStaleValues,
  replaceSealed,
  SEALED_COLUMNS,
} from '../../store/key/sealed-values.ts';
import { readMarketplaces } from '../../store/merchant/marketplaces.ts';
import { type Envelope, placeOfValue } from './envelope.ts';

export interface KeyContext {
  readonly db: Db;
  readonly cells: Cells;
  readonly envelope: Envelope;
  readonly wall: Clock;
  readonly random: Random;
  /** One plain line per step. */
  readonly print: (line: string) => void;
  /** Reports the keys held by the process that rotates: a command counts as a live process, too. */
  readonly announce: () => Promise<void>;
  /** The audit row for a change of a key's state. */
  readonly noteOf: (action: string) => AuditNote;
}

const ROWS_A_STEP = 50;
const ASK_AGAIN_MS = 500;
/** Longer than a request takes to commit that chose its token's key before the switch. */
const SETTLE_MS = 30_000;

export interface RotateOptions {
  /** How long every live process has to load the new key. */
  readonly waitMs: number;
  /** Also creates a new data key per marketplace: for when the old master key was disclosed. */
  readonly replacesDataKeys: boolean;
}

export async function rotateMaster(
  context: KeyContext,
  options: RotateOptions,
): Promise<Result<Resealed, string>> {
  const { db, envelope, print } = context;
  const interrupted = await readDataKeysNotUnder(db, envelope.currentKid(), '', 1);
  const isNewHere = unnamedKey(envelope.ring, await readMasterKeys(db)) !== undefined;
  if (interrupted.length > 0 && !isNewHere && (await newKid(db)) === undefined) {
    print(`the rotation to ${envelope.currentKid()} was interrupted: it is finished now`);
    const resealed = await reseal(context, options);
    if (resealed.dataKeys > 0) return ok(resealed);
  }
  const begun = await beginRotation(context);
  if (!begun.ok) return begun;
  await context.announce();
  print(`new master key ${begun.value}: waiting until every process holds it ...`);
  const lacking = await switchWhenHeld(context, begun.value, options.waitMs);
  if (lacking.length > 0) return err(lackingText(envelope.ring.source, begun.value, lacking));
  await envelope.refresh();
  await context.announce();
  print(`${envelope.currentKid()} is the current master key`);
  return ok(await reseal(context, options));
}

async function newKid(db: Db): Promise<string | undefined> {
  return (await readMasterKeys(db)).find(({ status }) => status === 'new')?.kid;
}

/** A key of this ring unknown to the database: made before a crash, or by an operator. */
function unnamedKey(ring: KeyRing, rows: readonly MasterKeyRow[]): string | undefined {
  const known = new Set(rows.map(({ kid }) => kid));
  return ring.all().find(({ kid }) => !known.has(kid))?.kid;
}

class KeyRefusal extends Error {}

/** The id of the new key: one already started, one found in the ring, or one made here. */
async function beginRotation(context: KeyContext): Promise<Result<string, string>> {
  const { db, envelope, wall, random } = context;
  const { ring } = envelope;
  let begun: string | undefined;
  try {
    const choose = (rows: readonly MasterKeyRow[]): string | undefined => {
      ring.refresh();
      begun = rows.find(({ status }) => status === 'new')?.kid;
      if (begun !== undefined) {
        if (ring.key(begun) === undefined) throw new KeyRefusal(foreignText(ring.source, begun));
        return undefined;
      }
      begun = unnamedKey(ring, rows) ?? makeKey(ring, random);
      return begun;
    };
    await addMasterKey(db, wall.nowMs(), choose, context.noteOf('master_key.added'));
  } catch (error) {
    if (error instanceof KeyRefusal) return err(error.message);
    throw error;
  }
  return begun === undefined ? err('no rotation was begun') : ok(begun);
}

function foreignText({ name }: KeySource, kid: string): string {
  return (
    `a rotation to ${kid} has begun, whose key ${name} lacks: go on where it was begun, ` +
    `or give it up: hutong keys retire ${kid}`
  );
}

function makeKey(ring: KeyRing, random: Random): string {
  const { file, name } = ring.source;
  if (file === null)
    throw new KeyRefusal(
      `${name} holds no new key: append one after a comma (openssl rand -hex 32), restart the ` +
        'processes one after the other with both, then run this again',
    );
  const held = readKeyFile(file);
  if (!held.ok) throw new KeyRefusal(held.error);
  const made = masterKeyOf(random.bytes(32));
  writeKeyFile(file, [...held.value.map(masterKeyOf), made]);
  ring.refresh();
  return made.kid;
}

/** The processes still without the key after the deadline; none = it is current. */
async function switchWhenHeld(
  { db, wall, print, noteOf }: KeyContext,
  kid: string,
  waitMs: number,
): Promise<readonly ProcessKeys[]> {
  const deadlineMs = performance.now() + waitMs;
  let said = '';
  for (;;) {
    const lacking = await switchMasterKey(db, kid, wall.nowMs(), noteOf('master_key.switched'));
    if (lacking.length === 0 || performance.now() > deadlineMs) return lacking;
    const who = numbersOf(lacking);
    if (who !== said) print(`  not yet: process ${who}`);
    said = who;
    await sleep(ASK_AGAIN_MS);
  }
}

const numbersOf = (rows: readonly ProcessKeys[]): string =>
  rows.map(({ process, kids }) => (kids === null ? `${process} (no keys)` : process)).join();

function lackingText(
  { file, name }: KeySource,
  kid: string,
  lacking: readonly ProcessKeys[],
): string {
  const where = file === null ? name : `the key file ${file}`;
  return (
    `process ${numbersOf(lacking)} does not hold ${kid} yet; nothing has changed. Give it the keys ` +
    `of ${where} and run this again. A process that reports no keys is of a version before the key ` +
    'ring, or was killed less than a minute ago'
  );
}

export interface Resealed {
  readonly dataKeys: number;
  readonly values: number;
  /** Values that cannot be opened, by row: they must be set again. */
  readonly broken: readonly string[];
}

async function reseal(
  context: KeyContext,
  options: Pick<RotateOptions, 'replacesDataKeys'>,
): Promise<Resealed> {
  const broken: string[] = [];
  const dataKeys = await resealDataKeys(context, broken);
  if (options.replacesDataKeys) {
    for (const { id } of await readMarketplaces(context.db))
      await context.envelope.replaceDataKey({ marketplace: id, purpose: 'seal' });
  }
  const values = await resealValues(context, broken);
  return { dataKeys, values, broken };
}

async function resealDataKeys(context: KeyContext, broken: string[]): Promise<number> {
  const { db, envelope, print } = context;
  let done = 0;
  let after = '';
  for (;;) {
    const rows = await readDataKeysNotUnder(db, envelope.currentKid(), after, ROWS_A_STEP);
    const last = rows.at(-1);
    if (last === undefined) return done;
    for (const row of rows) {
      const key = envelope.openDataKey(row);
      if (!key.ok) broken.push(key.error);
      else if (await resealDataKey(db, row, envelope.sealDataKey(row, key.value))) done += 1;
    }
    print(`  ${done} data keys resealed`);
    after = last.kid;
  }
}

/** Values of v1, and those under a data key that is no longer their marketplace's current one. */
export async function resealValues(
  context: Pick<KeyContext, 'db' | 'envelope' | 'print'>,
  broken: string[],
): Promise<number> {
  const { db, envelope, print } = context;
  let done = 0;
  for (const column of SEALED_COLUMNS) {
    let after = 0n;
    for (;;) {
      const rows = await readStaleValues(db, column, after, ROWS_A_STEP);
      const last = rows.at(-1);
      if (last === undefined) break;
      for (const row of rows) {
        const place = placeOfValue(column, row);
        const clear = await envelope.open(row.sealed, place);
        if (!clear.ok) {
          broken.push(`${place.row}: ${clear.error}`);
          continue;
        }
        const sealed = (await envelope.sealer(row.marketplace))(clear.value, place);
        if (await replaceSealed(db, column, row, sealed)) done += 1;
      }
      print(`  ${done} values resealed`);
      after = last.id;
    }
  }
  return done;
}

export interface KeyReport {
  readonly keys: readonly (MasterKeyRow & {
    readonly isHere: boolean;
    readonly dataKeys: number;
    readonly openPayments: number;
    readonly holders: number;
  })[];
  readonly processes: number;
  /** Sealed values by format version. */
  readonly values: ReadonlyMap<string, number>;
  /** In this ring, unknown to the database: `rotate-master` uses it. */
  readonly unnamed: string | undefined;
}

export async function reportKeys({ db, cells, envelope }: KeyContext): Promise<KeyReport> {
  const rows = await readMasterKeys(db);
  const [dataKeys, payments] = [await countDataKeys(db), await countOpenPayments(cells)];
  const processes = await readProcessKeys(db);
  return {
    processes: processes.length,
    values: await countSealedValues(db),
    unnamed: unnamedKey(envelope.ring, rows),
    keys: rows.map((row) => ({
      ...row,
      isHere: envelope.ring.key(row.kid) !== undefined,
      dataKeys: dataKeys.get(row.kid) ?? 0,
      openPayments: openOf(payments, row),
      holders: processes.filter(({ kids }) => kids?.includes(row.kid) === true).length,
    })),
  };
}

function openOf(payments: ReadonlyMap<string, number>, { kid, isOrigin }: MasterKeyRow): number {
  return (payments.get(kid) ?? 0) + (isOrigin ? (payments.get('') ?? 0) : 0);
}

/** Retires a key that nothing needs any more. The error says what still needs it, and how much. */
export async function retireKey(context: KeyContext, kid: string): Promise<Result<void, string>> {
  const { db, envelope, wall } = context;
  const row = (await readMasterKeys(db)).find((one) => one.kid === kid);
  if (row === undefined) return err(`no master key ${kid}; hutong keys list shows them`);
  if (row.status === 'current')
    return err(`${kid} is the current master key: hutong keys rotate-master makes another`);
  if (row.status !== 'retired') {
    const needed = await neededBy(context, row);
    if (needed !== undefined) return err(`${kid} is not retired: ${needed}`);
    const note = context.noteOf('master_key.retired');
    if (!(await retireMasterKey(db, kid, wall.nowMs(), note)))
      return err(`${kid} is not retired: somebody else has just changed it`);
  }
  await underKeyLock(db, () => dropFromFile(envelope.ring.source, kid));
  return ok(undefined);
}

async function neededBy(context: KeyContext, row: MasterKeyRow): Promise<string | undefined> {
  const { db, wall } = context;
  if (row.status === 'new') return undefined;
  await context.announce();
  const current = context.envelope.currentKid();
  const late = (await readProcessKeys(db)).filter(({ currentKid }) => currentKid !== current);
  if (late.length > 0) return `process ${numbersOf(late)} has not taken up ${current} yet`;
  const waitMs = (row.oldAtMs ?? 0) + SETTLE_MS - wall.nowMs();
  if (waitMs > 0) return `it was current a moment ago; try again in ${Math.ceil(waitMs / 1000)} s`;
  const report = await reportKeys(context);
  const own = report.keys.find(({ kid }) => kid === row.kid);
  const again = 'run hutong keys rotate-master, which reseals them';
  if ((own?.dataKeys ?? 0) > 0) return `${own?.dataKeys} data keys are sealed under it: ${again}`;
  const unnamed = report.values.get('v1') ?? 0;
  if (unnamed > 0) return `${unnamed} values of v1 may be sealed under it: ${again}`;
  const count = own?.openPayments ?? 0;
  if (count === 0) return undefined;
  return `${count} open ${count === 1 ? 'payment holds' : 'payments hold'} tokens of it; try again when they have ended`;
}

function dropFromFile({ file }: KeySource, kid: string): void {
  if (file === null) return;
  const held = readKeyFile(file);
  if (!held.ok) throw new Error(held.error);
  const keys = held.value.map(masterKeyOf);
  const rest = keys.filter((key) => key.kid !== kid);
  if (rest.length < keys.length && rest.length > 0) writeKeyFile(file, rest);
}
