/** The tree that the rules look at: what git tracks, as text. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface SourceFile {
  /** From the repository's root, with `/`. */
  readonly path: string;
  readonly text: string;
}

export const sample = (file: string, text: string): SourceFile => ({ path: file, text });

export const isTest = (file: string) => /\.test\.ts$/.test(file) || /^test\//.test(file);
export const isCode = (file: string) => /\.(?:ts|js|mjs)$/.test(file);
export const isGenerated = (file: string) => /\.generated\.ts$/.test(file);
/** What runs in production: the platform and the sandbox. */
export const isSource = (file: string) =>
  isCode(file) && /^(?:src|sandbox)\//.test(file) && !isTest(file);
/** What is .js under src is a page's script, but for the entry of PGlite's thread. */
export const isServerSource = (file: string) => isSource(file) && file.endsWith('.ts');
export const isText = (file: string) =>
  /\.(?:ts|js|mjs|md|json|sql|ya?ml|html|css|sh)$/.test(file) ||
  /(?:^|\/)(?:\.[a-z]+rc|run|Dockerfile)$/.test(file);

/** What git tracks; in a copy without its history, every file but what is installed or made. */
function trackedPaths(): string[] {
  if (fs.existsSync(path.join(ROOT, '.git'))) {
    const listed = execFileSync('git', ['ls-files', '-z'], { cwd: ROOT, encoding: 'utf8' });
    return listed.split('\0').filter((file) => file !== '');
  }
  const ignored = /(?:^|\/)(?:node_modules|\.hutong|dist|artefacts|coverage)(?:\/|$)/;
  return fs
    .readdirSync(ROOT, { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll(path.sep, '/'))
    .filter((file) => !ignored.test(file) && fs.statSync(path.join(ROOT, file)).isFile());
}

/** A file of a new wallet's template is judged as what it will be, where it will stand. */
const placeOf = (file: string) => file.replace(/^tools\/new-wallet\/template\//, '');

const present = trackedPaths().filter((file) => fs.existsSync(path.join(ROOT, file)));

export const paths: readonly string[] = present.map(placeOf);

export const tree: readonly SourceFile[] = present
  .filter((file) => isText(file))
  .map((file) => ({ path: placeOf(file), text: fs.readFileSync(path.join(ROOT, file), 'utf8') }));

const IMPORT = /(?:\bfrom\s*|\bimport\s*\(\s*|\bimport\s+)(['"])([^'"\n]+)\1/g;

/** Repository paths for relative imports, bare names for the rest. */
export function importsOf(file: SourceFile): string[] {
  return [...withoutComments(file.text).matchAll(IMPORT)].map(([, , target = '']) =>
    target.startsWith('.') ? path.posix.join(path.posix.dirname(file.path), target) : target,
  );
}

/** Good enough for rules: comments that stand alone or follow code, never inside strings. */
export function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1');
}

/** The comments alone, by the same reading. */
export function commentsOf(text: string): string[] {
  const blocks = [...text.matchAll(/\/\*[\s\S]*?\*\//g)].map(([comment]) => comment);
  const rest = text.replace(/\/\*[\s\S]*?\*\//g, '');
  return [...blocks, ...[...rest.matchAll(/(?:^|\s)\/\/.*$/gm)].map(([comment]) => comment)];
}
