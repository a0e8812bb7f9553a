/**
 * `hutong` as production runs it, for benchmarks and for tests that start processes: the build of
 * this checkout's code, made again when a source has changed. It starts in a third of the time
 * that the checkout's own loader takes.
 */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildCode, codeFiles } from './build.ts';

/** Inside the checkout, so that its packages are found. */
const BUILDS = fileURLToPath(new URL('../artefacts/platform', import.meta.url));
const KEPT_MS = 24 * 3_600_000;

/** The file that `node` is given. Of two processes that build at once, either's build is kept. */
export function builtCommand(): string {
  const folder = path.join(BUILDS, fingerprint());
  if (!fs.existsSync(folder)) {
    fs.mkdirSync(BUILDS, { recursive: true });
    removeOld();
    const draft = fs.mkdtempSync(`${folder}-`);
    buildCode(draft);
    try {
      fs.renameSync(draft, folder);
    } catch (error) {
      if (!fs.existsSync(folder)) throw error;
      fs.rmSync(draft, { recursive: true });
    }
  }
  return path.join(folder, 'bin', 'hutong.js');
}

/** A process that still runs from a build loads of it when it needs it. */
function removeOld(): void {
  for (const name of fs.readdirSync(BUILDS)) {
    const folder = path.join(BUILDS, name);
    const ageMs = Date.now() - fs.statSync(folder).mtimeMs;
    if (ageMs > KEPT_MS) fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** Of every source's place, size and time of change. */
function fingerprint(): string {
  const hash = createHash('sha256');
  for (const file of codeFiles()) {
    const { size, mtimeMs } = fs.statSync(file);
    hash.update(`${file} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex').slice(0, 16);
}
