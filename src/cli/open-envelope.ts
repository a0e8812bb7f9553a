/** The key ring of a command's settings, opened on its database. */

import type { Db } from '../database/db.ts';
import { type Envelope, openEnvelope } from '../flows/key/envelope.ts';
import { wallClock } from '../runtime/clock.ts';
import { systemRandom } from '../runtime/random.ts';
import { readKeyRing, type Settings } from './settings.ts';

export async function envelopeAt(db: Db, settings: Pick<Settings, 'dir'>): Promise<Envelope> {
  const ring = readKeyRing(process.env, settings.dir, systemRandom, false);
  if (!ring.ok) throw new Error(ring.error);
  const seams = { db, ring: ring.value, wall: wallClock, random: systemRandom };
  const envelope = await openEnvelope(seams);
  if (!envelope.ok) throw new Error(envelope.error);
  return envelope.value;
}
