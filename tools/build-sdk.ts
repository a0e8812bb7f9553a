/**
 * `npm run build -w sdk`, and a part of `npm run build`: the SDK as a user installs it. The
 * compiler runs twice over sdk/src, for `import` and for `require`, each with its declarations;
 * sdk/dist is then a package of its own, and the tarball beside the platform's build holds it.
 *
 * In the checkout `@hutong/sdk` stays its sources: nothing here has to be built before a test.
 */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import ts from 'typescript';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SDK = path.join(ROOT, 'sdk');
const SOURCES = path.join(SDK, 'src');

const COMPILER_OPTIONS: ts.CompilerOptions = {
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  target: ts.ScriptTarget.ES2023,
  lib: ['lib.es2023.d.ts'],
  types: ['node'],
  typeRoots: [path.join(ROOT, 'node_modules/@types')],
  rootDir: SOURCES,
  declaration: true,
  rewriteRelativeImportExtensions: true,
};
const FORMATS = {
  esm: {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
  },
  cjs: {
    module: ts.ModuleKind.CommonJS,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
  },
} as const satisfies Readonly<Record<string, ts.CompilerOptions>>;

/** The package in `folder`, and its tarball in `tarballs`; the tarball's path. */
export function buildSdk(folder: string, tarballs: string): string {
  fs.rmSync(folder, { recursive: true, force: true });
  for (const [format, options] of Object.entries(FORMATS)) {
    compile({ ...COMPILER_OPTIONS, ...options, outDir: path.join(folder, format) });
  }
  writeJson(path.join(folder, 'cjs', 'package.json'), { type: 'commonjs' });
  writeJson(path.join(folder, 'package.json'), manifest());
  fs.copyFileSync(path.join(SDK, 'README.md'), path.join(folder, 'README.md'));
  fs.copyFileSync(path.join(ROOT, 'LICENSE'), path.join(folder, 'LICENSE'));
  fs.mkdirSync(tarballs, { recursive: true });
  const pack = ['pack', '--json', '--ignore-scripts', `--pack-destination=${tarballs}`];
  const packed = execFileSync('npm', pack, { cwd: folder, encoding: 'utf8' });
  const [{ filename } = { filename: '' }] = JSON.parse(packed) as { readonly filename: string }[];
  return path.join(tarballs, filename);
}

function compile(options: ts.CompilerOptions): void {
  const program = ts.createProgram([path.join(SOURCES, 'index.ts')], options);
  const { diagnostics } = program.emit(undefined, (name, text) => {
    fs.mkdirSync(path.dirname(name), { recursive: true });
    fs.writeFileSync(name, name.endsWith('.d.ts') ? namingJavaScript(text) : text);
  });
  const problems = [...ts.getPreEmitDiagnostics(program), ...diagnostics];
  if (problems.length === 0) return;
  const host: ts.FormatDiagnosticsHost = {
    getCanonicalFileName: (name) => name,
    getCurrentDirectory: () => ROOT,
    getNewLine: () => '\n',
  };
  throw new Error(ts.formatDiagnostics(problems, host));
}

/** The compiler rewrites the imports of its JavaScript and leaves those of declarations. */
function namingJavaScript(declarations: string): string {
  return declarations.replaceAll(/(['"])(\.\.?\/[^'"\n]+)\.ts\1/g, '$1$2.js$1');
}

/** What is published: the workspace's own manifest, with its two builds in place of its sources. */
function manifest(): object {
  const own = JSON.parse(fs.readFileSync(path.join(SDK, 'package.json'), 'utf8')) as object;
  const { scripts: _, ...kept } = own as { readonly scripts?: unknown };
  const entry = (format: keyof typeof FORMATS) => ({
    types: `./${format}/index.d.ts`,
    default: `./${format}/index.js`,
  });
  return {
    ...kept,
    // For tools that do not read `exports`.
    main: './cjs/index.js',
    types: './cjs/index.d.ts',
    exports: {
      '.': { import: entry('esm'), require: entry('cjs') },
      './package.json': './package.json',
    },
    sideEffects: false,
  };
}

function writeJson(file: string, value: object): void {
  fs.writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const tarball = buildSdk(path.join(SDK, 'dist'), path.join(ROOT, 'dist'));
  process.stdout.write(`built the SDK: npm install ${tarball}\n`);
}
