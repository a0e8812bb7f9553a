/** Files that nothing reaches and exports that no file imports. */
import path from 'node:path';
import { isCode, type SourceFile, withoutComments } from './tree.ts';

/** Where reading begins: commands, tests, settings of tools, and what an example shows. */
const ENTRIES =
  /^(?:bin\/|test\/|examples\/|docs\/|vitest\.config\.ts|.*\/assets\/|tools\/[^/]+\.(?:ts|js)$|bench\/main\.ts$|sdk\/src\/index\.ts$)|\.test\.ts$/;
const JUDGED = /^(?:src|sandbox|sdk|bench|tools)\//;

const FROM = /(?:import|export)\s+(?:type\s+)?([\w*{}\s,]*?)\s*from\s*['"](\.[^'"]+)['"]/g;
const WHOLE =
  /(?:\bimport\s*\(\s*|^\s*import\s+|new URL\(\s*|['"`])['"`]?(\.\.?\/[^'"`$\s]+)['"`]/gm;
/** A file that is started as a process of its own, named from the root. */
const STARTED = /['"`]((?:bench|tools|src|sandbox)\/[\w./-]+\.(?:ts|js))['"`]/g;
const DECLARED =
  /^export\s+(?:async\s+|declare\s+|abstract\s+)*(function\*?|const|let|class|enum|interface|type)\s+(\w+)/gm;

interface Uses {
  /** By file: the names that others import of it; `*` = as a whole. */
  readonly names: ReadonlyMap<string, ReadonlySet<string>>;
  readonly reached: ReadonlySet<string>;
}

/** What no entry leads to. */
export function deadFiles(files: readonly SourceFile[]): string[] {
  const { reached } = usesOf(files);
  return files
    .filter((file) => isCode(file.path) && JUDGED.test(file.path) && !reached.has(file.path))
    .map((file) => `${file.path}: no entry leads to it`);
}

/**
 * A value that no other file imports is dead; so is a type, unless it names a part of what its own
 * file exports.
 */
export function deadExports(files: readonly SourceFile[]): string[] {
  const { names } = usesOf(files);
  return files
    .filter(({ path: file }) => JUDGED.test(file) && !ENTRIES.test(file) && isCode(file))
    .flatMap(({ path: file, text }) => {
      const used = names.get(file);
      if (used?.has('*')) return [];
      const code = withoutComments(text);
      return [...code.matchAll(DECLARED)].flatMap(([, kind = '', name = '']) => {
        if (used?.has(name)) return [];
        const isType = kind === 'interface' || kind === 'type';
        if (isType && (code.match(new RegExp(`\\b${name}\\b`, 'g'))?.length ?? 0) > 1) return [];
        return [`${file}: nobody imports ${name}`];
      });
    });
}

function usesOf(files: readonly SourceFile[]): Uses {
  const known = new Map(files.filter(({ path: file }) => isCode(file)).map((f) => [f.path, f]));
  const names = new Map<string, Set<string>>();
  const targets = new Map<string, Set<string>>();
  for (const file of known.values()) {
    const code = withoutComments(file.text);
    const found = new Set<string>();
    targets.set(file.path, found);
    const use = (target: string, name: string): void => {
      const at = path.posix.join(path.posix.dirname(file.path), target);
      const real = known.has(at) ? at : at.replace(/\.js$/, '.ts');
      found.add(real);
      names.set(real, (names.get(real) ?? new Set()).add(name));
    };
    for (const [, list = '', target = ''] of code.matchAll(FROM)) {
      if (list.includes('*')) use(target, '*');
      for (const part of list.replace(/[{}]/g, '').split(',')) {
        const [name = ''] = part
          .trim()
          .replace(/^type\s+/, '')
          .split(/\s+as\s+/);
        if (name !== '') use(target, name);
      }
    }
    // `await import('./a.ts')`, `new URL('./worker.js', …)`: who knows what is taken of it.
    const rest = code.replace(FROM, '');
    for (const [, target = ''] of rest.matchAll(WHOLE)) use(target, '*');
    for (const [, target = ''] of rest.matchAll(STARTED)) found.add(target);
  }
  const reached = new Set<string>();
  const open = [...known.keys()].filter((file) => ENTRIES.test(file));
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (reached.has(file)) continue;
    reached.add(file);
    open.push(...(targets.get(file) ?? []));
  }
  return { names, reached };
}
