/**
 * Makes PGlite's folder readable by its owner only. The server inside PGlite creates its files with
 * mode 0666, whatever the umask of this process; a copy of the folder (a backup, a volume) would
 * then be open to everybody. What initdb or an older start created is tightened at the start.
 */
import fs from 'node:fs';
import path from 'node:path';
import { NodeFS } from '@electric-sql/pglite/nodefs';

/** The owner keeps its rights; group and others have none. */
const OTHERS = 0o077;

/** The part of Emscripten's file system that gives a new file or folder its mode. */
interface EmscriptenFs {
  chmod: (file: unknown, mode: number, dontFollow?: boolean) => void;
  mknod: (file: string, mode: number, device: number) => unknown;
}

export class PrivateNodeFS extends NodeFS {
  override async init(...given: Parameters<NodeFS['init']>): ReturnType<NodeFS['init']> {
    const made = await super.init(...given);
    const { preRun } = made.emscriptenOpts;
    const before = preRun === undefined ? [] : [preRun].flat();
    return {
      ...made,
      emscriptenOpts: { ...made.emscriptenOpts, preRun: [keepPrivate, ...before] },
    };
  }
}

function keepPrivate(module: unknown): void {
  const { FS } = module as { readonly FS: EmscriptenFs };
  const { chmod, mknod } = FS;
  FS.chmod = (file, mode, dontFollow) => chmod(file, mode & ~OTHERS, dontFollow);
  FS.mknod = (file, mode, device) => mknod(file, mode & ~OTHERS, device);
}

/** Removes the rights of group and others on `folder` and everything below. */
export function tightenFolder(folder: string): void {
  tighten(folder);
  for (const entry of fs.readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isSymbolicLink()) tighten(path.join(entry.parentPath, entry.name));
  }
}

function tighten(file: string): void {
  const { mode } = fs.statSync(file);
  if ((mode & OTHERS) !== 0) fs.chmodSync(file, mode & ~OTHERS);
}
