/** Links between documents and into the code. */
import path from 'node:path';
import type { SourceFile } from './tree.ts';

const LINK = /\]\((?!https?:|mailto:|#)([^)\s#]+)(?:#[^)\s]*)?\)/g;

/** Relative links of a Markdown file that lead to nothing. */
export function brokenLinks(file: SourceFile, isThere: (target: string) => boolean): string[] {
  const text = file.text.replace(/^(```|~~~)[\s\S]*?^\1/gm, '').replace(/`[^`\n]*`/g, '');
  return [...text.matchAll(LINK)]
    .map(([, link = '']) => path.posix.join(path.posix.dirname(file.path), decodeURI(link)))
    .filter((target) => !isThere(target.replace(/\/$/, '')))
    .map((target) => `${file.path}: links to ${target}, which is not there`);
}
