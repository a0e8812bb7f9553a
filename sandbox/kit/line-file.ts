/**
 * An append-only file of lines. Lines are handed to the operating system in one write per turn of
 * the event loop, or at `flush`: after it, a killed process loses nothing. The disk is synced about
 * once a second, which is enough for a sandbox; a power cut may lose the last second.
 */
import {
  closeSync,
  existsSync,
  fdatasync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs';

const SYNC_EVERY_MS = 1_000;
const CHUNK_BYTES = 1 << 20;

export interface LineFile {
  readonly append: (line: string) => void;
  /** Every line appended so far is with the operating system. */
  readonly flush: () => void;
  readonly close: () => void;
}

export function openLineFile(path: string): LineFile {
  const fd = openSync(path, 'a', 0o600);
  let pending = '';
  let isFlushPlanned = false;
  let isOpen = true;
  let syncTimer: NodeJS.Timeout | undefined;

  const sync = () => {
    syncTimer = undefined;
    // A failed sync is not fatal here: the next one, or the close, reports it again.
    if (isOpen) fdatasync(fd, () => undefined);
  };
  const flush = () => {
    isFlushPlanned = false;
    if (pending === '' || !isOpen) return;
    const bytes = Buffer.from(pending);
    pending = '';
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
    if (syncTimer === undefined) syncTimer = setTimeout(sync, SYNC_EVERY_MS).unref();
  };
  return {
    append: (line) => {
      pending += `${line}\n`;
      if (isFlushPlanned) return;
      isFlushPlanned = true;
      setImmediate(flush);
    },
    flush,
    close: () => {
      if (!isOpen) return;
      flush();
      clearTimeout(syncTimer);
      fsyncSync(fd);
      isOpen = false;
      closeSync(fd);
    },
  };
}

/**
 * Calls `take` with each line of a file. A last line without a newline is torn: it is cut off the
 * file and returned.
 */
export function readLines(path: string, take: (line: string, lineNo: number) => void): string {
  if (!existsSync(path)) return '';
  const fd = openSync(path, 'r+');
  try {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    let rest: Buffer = Buffer.alloc(0);
    let lineNo = 0;
    for (let size = readSync(fd, chunk); size > 0; size = readSync(fd, chunk)) {
      const bytes = Buffer.concat([rest, chunk.subarray(0, size)]);
      let start = 0;
      for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, start)) {
        lineNo += 1;
        take(bytes.toString('utf8', start, end), lineNo);
        start = end + 1;
      }
      rest = bytes.subarray(start);
    }
    if (rest.length > 0) ftruncateSync(fd, fstatSync(fd).size - rest.length);
    return rest.toString('utf8');
  } finally {
    closeSync(fd);
  }
}
