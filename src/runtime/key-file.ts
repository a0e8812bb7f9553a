/**
 * The source of a process's master keys: a file that only its owner can open, or the environment.
 * Both hold keys of 64 hex digits, the first of which is used for an empty database; in a file `#`
 * begins a comment. A file is replaced as a whole (temporary file, rename), never written in place,
 * so that nobody reads half of one.
 */
import fs from 'node:fs';
import path from 'node:path';
import { err, ok, type Result } from '../kernel/result.ts';

export interface KeySource {
  /** For messages: the file's path or the variable's name. */
  readonly name: string;
  /** null = the environment, which a running process cannot read again. */
  readonly file: string | null;
  readonly read: () => Result<readonly Buffer[], string>;
  /** Says whether `read` may return something new. */
  readonly stamp: () => string;
}

/** Mode bits that grant access to anybody but the owner. */
const FOREIGN = 0o077;

export function fileSource(file: string): KeySource {
  return { name: file, file, read: () => readKeyFile(file), stamp: () => stampOf(file) };
}

export function textSource(name: string, text: string): KeySource {
  return { name, file: null, read: () => parseKeys(text, name), stamp: () => '' };
}

/** A source with keys given directly. */
export function fixedSource(keys: readonly Buffer[]): KeySource {
  return { name: 'the keys given', file: null, read: () => ok(keys), stamp: () => '' };
}

function stampOf(file: string): string {
  try {
    const { mtimeMs, size, ino, mode } = fs.statSync(file);
    return `${mtimeMs} ${size} ${ino} ${mode}`;
  } catch {
    return 'absent';
  }
}

export function readKeyFile(file: string): Result<readonly Buffer[], string> {
  try {
    const { mode } = fs.statSync(file);
    if (process.platform !== 'win32' && (mode & FOREIGN) !== 0) {
      const octal = (mode & 0o777).toString(8).padStart(4, '0');
      return err(`${file} can be read or changed by others (mode ${octal}): chmod 600 ${file}`);
    }
    return parseKeys(fs.readFileSync(file, 'utf8').replace(/#.*$/gm, ''), file);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    return err(`${file} cannot be read (${code})`);
  }
}

function parseKeys(text: string, where: string): Result<readonly Buffer[], string> {
  const keys = text.split(/[\s,]+/).filter((key) => key !== '');
  if (keys.length === 0 || keys.some((key) => !/^[0-9a-f]{64}$/i.test(key)))
    return err(`${where} does not hold keys of 64 hex digits`);
  return ok(keys.map((key) => Buffer.from(key, 'hex')));
}

export interface KeyLine {
  readonly kid: string;
  readonly key: Buffer;
}

/** Replaces the file; mode 0600, on disk before it has its name. */
export function writeKeyFile(file: string, keys: readonly KeyLine[]): void {
  const lines = keys.map(({ kid, key }) => `${key.toString('hex')}  # ${kid}`);
  const draft = `${file}.${process.pid}.next`;
  const handle = fs.openSync(draft, 'w', 0o600);
  try {
    fs.fchmodSync(handle, 0o600);
    fs.writeSync(handle, `${lines.join('\n')}\n`);
    fs.fsyncSync(handle);
  } finally {
    fs.closeSync(handle);
  }
  // A symbolic link to the file (mounted secrets) is kept: its target is replaced.
  fs.renameSync(draft, fs.existsSync(file) ? fs.realpathSync(file) : file);
  syncFolder(path.dirname(file));
}

/** The rename is durable once its folder is synced; where that is not supported, it is not. */
function syncFolder(folder: string): void {
  try {
    const handle = fs.openSync(folder, 'r');
    fs.fsyncSync(handle);
    fs.closeSync(handle);
  } catch {
    return;
  }
}
