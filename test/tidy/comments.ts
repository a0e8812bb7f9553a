/** Comments and documents that name a file or a thing that is not there. */
import path from 'node:path';
import { commentsOf, isCode, type SourceFile, withoutComments } from './tree.ts';

const FILE =
  /(?<![\w/.@-])((?:\.{1,2}\/)?(?:[\w.-]+\/)*[\w-]+(?:\.[\w-]+)*\.(?:ts|js|md|sql))(?![\w/])/g;
const TICKED = /`([^`\n]+)`/g;
/** A plain identifier, perhaps with what it belongs to, perhaps called. */
const IDENTIFIER = /^(?=.*[a-z])[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)*(?:\(\))?$/;

/** Of the language, not of ours. */
const OF_THE_LANGUAGE = new Set(['prototype']);
/** Rules hold samples of what is not there. */
const SAMPLES = /^test\/tidy/;
/** How a migration is named. */
const PLACEHOLDER = /(?:^|\/)0001-name\./;

/** What the wallets and other systems call things is theirs; `names` says what is known here. */
export function namesOf(files: readonly SourceFile[]): ReadonlySet<string> {
  const names = new Set(OF_THE_LANGUAGE);
  for (const { path: file, text } of files) {
    const code = isCode(file) ? withoutComments(text) : text;
    for (const [word] of code.matchAll(/[A-Za-z_$][\w$]*/g)) names.add(word);
  }
  return names;
}

/** Files that a comment names: by path from the root, beside it, or by a name that only one has. */
export function missingFiles(files: readonly SourceFile[], paths: readonly string[]): string[] {
  const known = new Set(paths);
  const suffixes = new Set(paths.flatMap(suffixesOf));
  return files.flatMap(({ path: file, text }) => {
    const spoken = isCode(file) && !SAMPLES.test(file) ? commentsOf(text) : [];
    const named = spoken.flatMap((comment) => [...comment.matchAll(FILE)].map(([, name]) => name));
    return named
      .filter((name) => name !== undefined)
      .filter(
        (name) => !PLACEHOLDER.test(name) && !suffixes.has(name) && !isBeside(file, name, known),
      )
      .map((name) => `${file}: names ${name}, which is not there`);
  });
}

function suffixesOf(file: string): string[] {
  const parts = file.split('/');
  return parts.map((_, index) => parts.slice(index).join('/'));
}

function isBeside(file: string, name: string, known: ReadonlySet<string>): boolean {
  return known.has(path.posix.join(path.posix.dirname(file), name));
}

/** Identifiers in backticks that no line of code, SQL or document of the wire has. */
export function missingNames(files: readonly SourceFile[], names: ReadonlySet<string>): string[] {
  return files.flatMap(({ path: file, text }) => {
    if (!isCode(file) || SAMPLES.test(file)) return [];
    return commentsOf(text).flatMap((comment) =>
      [...comment.matchAll(TICKED)]
        .map(([, ticked = '']) => ticked)
        .filter((ticked) => IDENTIFIER.test(ticked))
        .filter(
          (ticked) =>
            !ticked
              .replace('()', '')
              .split('.')
              .every((part) => names.has(part)),
        )
        .map((ticked) => `${file}: names ${ticked}, which is not there`),
    );
  });
}
