/**
 * The shared vectors.json, read in place where it stands beside the repository (or beside the
 * folder of its worktrees) and never copied. Tests that need it are skipped loudly where it is
 * absent: their names or files say "vectors". `HUTONG_SHARED_VECTORS=absent` runs them as in a
 * clone that has nothing beside it.
 */
import fs from 'node:fs';
import { fileURLToPath } from 'node:url';

const FILES = ['../../../shared/', '../../../../shared/'].map((folder) =>
  fileURLToPath(new URL(`${folder}protocols/vectors.json`, import.meta.url)),
);

/** The rows of one section; undefined where the file is not there. */
export function sharedVectors<T>(section: string): readonly T[] | undefined {
  if (process.env.HUTONG_SHARED_VECTORS === 'absent') return undefined;
  const file = FILES.find((path) => fs.existsSync(path));
  if (file === undefined) return undefined;
  const sections = JSON.parse(fs.readFileSync(file, 'utf8')) as Record<string, unknown>;
  const rows = sections[section];
  if (!Array.isArray(rows)) throw new Error(`vectors.json has no section ${section}`);
  return rows as T[];
}
