/**
 * The city's storage: named collections over one append-only JSONL file. A put or a delete is one
 * line; at start the file is read, and rewritten without obsolete lines. A torn last line (the
 * process was killed while writing) is dropped with a notice; damage anywhere else prevents the
 * start, because a sandbox that loses payments would give wrong answers. One process at a time owns
 * the directory.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { assert } from '../../src/kernel/assert.ts';
import { lockDirectory } from './directory-lock.ts';
import { decodeJournalJson, encodeJournalJson } from './journal-json.ts';
import type { Collection, Journal } from './kit.ts';
import { type LineFile, openLineFile, readLines } from './line-file.ts';

const FILE_NAME = 'journal.jsonl';
const COMPACT_CHUNK_CHARS = 1 << 20;

export interface OpenJournal extends Journal {
  /** Afterwards nothing put so far is lost if the process is killed. */
  readonly flush: () => void;
  readonly close: () => void;
}

type Collections = Map<string, Map<string, unknown>>;

/** Creates `dir` if it does not exist. `notice` is called for a torn line. */
export function openJournal(options: {
  readonly dir: string;
  readonly notice: (line: string) => void;
}): OpenJournal {
  mkdirSync(options.dir, { recursive: true, mode: 0o700 });
  const unlock = lockDirectory(options.dir);
  const path = join(options.dir, FILE_NAME);
  const data: Collections = new Map();
  let file: LineFile;
  try {
    readJournal(path, data, options.notice);
    file = openLineFile(path);
  } catch (error) {
    unlock();
    throw error;
  }
  const opened = new Map<string, Collection<unknown>>();
  return {
    collection: <T>(name: string) => {
      const known = opened.get(name) ?? openCollection(name, data, file);
      opened.set(name, known);
      return known as Collection<T>;
    },
    flush: file.flush,
    close: () => {
      file.close();
      unlock();
    },
  };
}

function openCollection(name: string, data: Collections, file: LineFile): Collection<unknown> {
  const rows = data.get(name) ?? new Map<string, unknown>();
  data.set(name, rows);
  return {
    get: (key) => rows.get(key),
    put: (key, value) => {
      assert(value !== undefined, `a value put into ${name} is JSON`);
      rows.set(key, value);
      file.append(putLine(name, key, value));
    },
    delete: (key) => {
      if (rows.delete(key)) file.append(JSON.stringify([name, key]));
    },
    values: () => rows.values(),
    size: () => rows.size,
  };
}

/** `[collection, key, value]` is a put, `[collection, key]` a delete. */
function putLine(name: string, key: string, value: unknown): string {
  return `[${JSON.stringify(name)},${JSON.stringify(key)},${encodeJournalJson(value)}]`;
}

function readJournal(path: string, data: Collections, notice: (line: string) => void): void {
  let lineCount = 0;
  const torn = readLines(path, (line, lineNo) => {
    lineCount = lineNo;
    applyLine(line, lineNo, path, data);
  });
  if (torn !== '') {
    notice(`journal: the last line was torn (${torn.length} characters) and is dropped`);
  }
  let liveCount = 0;
  for (const rows of data.values()) liveCount += rows.size;
  if (liveCount < lineCount) compact(path, data);
}

function applyLine(line: string, lineNo: number, path: string, data: Collections): void {
  const damaged = `${path} is damaged at line ${lineNo}; delete the directory to start over`;
  let record: unknown;
  try {
    record = decodeJournalJson(line);
  } catch {
    throw new Error(damaged);
  }
  if (!Array.isArray(record) || typeof record[0] !== 'string' || typeof record[1] !== 'string') {
    throw new Error(damaged);
  }
  const [name, key] = record;
  const rows = data.get(name) ?? new Map<string, unknown>();
  data.set(name, rows);
  if (record.length === 3) rows.set(key, record[2]);
  else rows.delete(key);
}

/**
 * Writes the current rows beside the file and replaces it: after a crash one of the two is
 * complete.
 */
function compact(path: string, data: Collections): void {
  const next = `${path}.next`;
  if (existsSync(next)) rmSync(next);
  const fd = openSync(next, 'w', 0o600);
  let text = '';
  const write = () => {
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
    text = '';
  };
  for (const [name, rows] of data) {
    for (const [key, value] of rows) {
      text += `${putLine(name, key, value)}\n`;
      if (text.length > COMPACT_CHUNK_CHARS) write();
    }
  }
  write();
  fsyncSync(fd);
  closeSync(fd);
  renameSync(next, path);
}
