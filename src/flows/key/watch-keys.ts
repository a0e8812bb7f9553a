/**
 * A running process's part in key rotation: every two seconds it checks its ring and the database
 * and reports which keys it holds and which it uses. Once no process of an older version is left,
 * it reseals what is still in the format that names no key.
 */

import type { Db } from '../../database/db.ts';
import { err, type Result } from '../../kernel/result.ts';
import { startChore } from '../../runtime/chore.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Log } from '../../runtime/log.ts';
import type { Random } from '../../runtime/random.ts';
import { announceKeys, readProcessKeys } from '../../store/key/key-ring.ts';
import { countSealedValues } from '../../store/key/sealed-values.ts';
import type { Envelope } from './envelope.ts';
import { resealValues } from './rotate-keys.ts';

const LOOK_EVERY_MS = 2_000;
const OLD_FORM_EVERY_MS = 600_000;

export interface WatchOptions {
  readonly db: Db;
  readonly envelope: Envelope;
  readonly lease: { readonly number: number; readonly holder: string };
  readonly wall: Clock;
  readonly random: Random;
  readonly log: Log;
}

export interface KeyWatch {
  /** Checks now; the error is what an operator must fix. */
  readonly look: () => Promise<Result<void, string>>;
  readonly stop: () => Promise<void>;
}

/** Resolves when this process has reported its keys for the first time. */
export async function watchKeys(options: WatchOptions): Promise<KeyWatch> {
  const { db, envelope, lease, log } = options;
  let reported = '';
  let complained = '';
  const announce = async (): Promise<void> => {
    const kids = envelope.ring.all().map(({ kid }) => kid);
    const current = envelope.currentKid();
    const report = `${kids.join()} ${current}`;
    if (report === reported) return;
    await announceKeys(db, lease, kids, current);
    reported = report;
  };
  const look = async (): Promise<Result<void, string>> => {
    const seen = await envelope.refresh();
    await announce();
    return seen;
  };
  /** Logged once per new fault. The process keeps the keys it held, whatever the ring says now. */
  const watch = async (): Promise<void> => {
    const seen = await look().catch((error: unknown) =>
      err(error instanceof Error ? error.message : String(error)),
    );
    const complaint = seen.ok ? '' : seen.error;
    if (complaint !== '' && complaint !== complained)
      log.error({ defect: complaint }, 'the key ring cannot be read; the keys in use stay');
    complained = complaint;
  };
  await announce();
  const chores = [
    startChore(LOOK_EVERY_MS, watch),
    startChore(OLD_FORM_EVERY_MS, () => endOldForm(options)),
  ];
  return {
    look,
    stop: async () => {
      await Promise.all(chores.map((chore) => chore.stop()));
    },
  };
}

/** Only once every process can open the new format. */
export async function endOldForm(options: WatchOptions): Promise<void> {
  const { db, log } = options;
  try {
    if (((await countSealedValues(db)).get('v1') ?? 0) === 0) return;
    if ((await readProcessKeys(db)).some(({ kids }) => kids === null)) return;
    const broken: string[] = [];
    const count = await resealValues({ ...options, print: () => undefined }, broken);
    log.info({ count }, 'values of the old format were resealed');
    for (const defect of broken) log.error({ defect }, 'a sealed value does not open');
  } catch (error) {
    const defect = error instanceof Error ? error.message : String(error);
    log.warn({ defect }, 'values of the old format were not resealed');
  }
}
