/**
 * `npm run build [-- FOLDER]`: what production runs, as a folder of its own (dist/): plain
 * JavaScript with source maps instead of TypeScript and its loader, and a package.json and lock
 * with the packages that the code imports and no others, listed again in sbom.cdx.json. `node
 * bin/hutong.js` is the same command. The SDK's tarball is beside it.
 */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { builtinModules } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseSync, transformSync } from 'rolldown/utils';
import { buildSdk } from './build-sdk.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** The platform, and the sandbox beside it. */
const CODE = ['src', 'sandbox'];
const COPIED = ['.npmrc', 'LICENSE', 'bin/hutong.js', 'bin/install.js'];
const TRANSFORM = {
  lang: 'ts',
  target: 'es2023',
  sourcemap: true,
  tsconfig: false,
  typescript: { onlyRemoveTypeImports: true, rewriteImportExtensions: 'rewrite' },
} as const;

/** Types are not checked here: `npm run typecheck` does. An existing build there is replaced. */
export function buildCode(folder: string): void {
  for (const name of [...CODE, 'bin'])
    fs.rmSync(path.join(folder, name), { recursive: true, force: true });
  for (const file of codeFiles()) {
    const name = path.relative(ROOT, file);
    if (name.endsWith('.test.ts')) continue;
    if (name.endsWith('.ts')) compile(name, folder);
    else if (!isDoor(file)) copy(name, folder);
  }
  for (const name of COPIED) if (fs.existsSync(path.join(ROOT, name))) copy(name, folder);
  const manifest = { ...readManifest(), dependencies: dependenciesOf(folder) };
  write(path.join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
}

/** What it is made of. */
export function codeFiles(): string[] {
  return CODE.flatMap((name) => filesBelow(path.join(ROOT, name)));
}

/** The root's lock without what production does not import. */
export function buildLock(folder: string): void {
  fs.copyFileSync(path.join(ROOT, 'package-lock.json'), path.join(folder, 'package-lock.json'));
  const reduce = ['install', '--package-lock-only', '--ignore-scripts', '--no-audit', '--no-fund'];
  execFileSync('npm', reduce, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
}

/** What is shipped, package by package with versions, licences and hashes: CycloneDX. */
export function buildSbom(folder: string): void {
  const args = ['sbom', '--sbom-format=cyclonedx', '--package-lock-only', '--omit=dev'];
  const text = execFileSync('npm', args, { cwd: folder, encoding: 'utf8' });
  const bom = JSON.parse(text) as { readonly metadata: { readonly component: { name: string } } };
  // npm names the root after its folder.
  bom.metadata.component.name = String(readManifest().name);
  write(path.join(folder, 'sbom.cdx.json'), `${JSON.stringify(bom, null, 2)}\n`);
}

/** Plain JavaScript that loads the TypeScript beside it, which is compiled into its place. */
function isDoor(file: string): boolean {
  return file.endsWith('.js') && fs.existsSync(file.replace(/\.js$/, '.ts'));
}

function compile(name: string, folder: string): void {
  const target = path.join(folder, name.replace(/\.ts$/, '.js'));
  const source = fs.readFileSync(path.join(ROOT, name), 'utf8');
  const { code, map, errors } = transformSync(path.basename(name), source, TRANSFORM);
  const [problem] = errors;
  if (problem !== undefined) throw new Error(`${name}: ${problem.message}`);
  write(target, `${code}//# sourceMappingURL=${path.basename(target)}.map\n`);
  write(`${target}.map`, JSON.stringify(map));
}

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

/** What describes the product; scripts, workspaces and tools stay behind. */
function readManifest(): Manifest {
  const all = JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as Manifest;
  const kept = ['name', 'version', 'private', 'description', 'license', 'type', 'engines', 'bin'];
  const { cookie, '@fastify/swagger-ui': reference } = all.overrides as Readonly<
    Record<string, unknown>
  >;
  return {
    ...Object.fromEntries(kept.map((field) => [field, all[field]])),
    dependencies: all.dependencies,
    overrides: { cookie, '@fastify/swagger-ui': reference },
  };
}

function dependenciesOf(folder: string): Record<string, string> {
  const { dependencies } = readManifest();
  const imported = CODE.flatMap((name) => filesBelow(path.join(folder, name)))
    .filter((file) => file.endsWith('.js'))
    .flatMap((file) => importsOf(file))
    .map((specifier) => packageOf(specifier))
    .filter((name) => name !== undefined);
  return Object.fromEntries(
    [...new Set(imported)].sort().map((name) => {
      const version = dependencies[name];
      if (version === undefined)
        throw new Error(`the code imports ${name}, which is not in package.json's dependencies`);
      return [name, version];
    }),
  );
}

function importsOf(file: string): string[] {
  const code = fs.readFileSync(file, 'utf8');
  const { staticImports, staticExports, dynamicImports } = parseSync(file, code).module;
  return [
    ...staticImports.map(({ moduleRequest }) => moduleRequest.value),
    ...staticExports.flatMap(({ entries }) => entries.map((one) => one.moduleRequest?.value ?? '')),
    // Of a literal its text; what is put together at run time names no package.
    ...dynamicImports.map(({ moduleRequest: { start, end } }) => code.slice(start + 1, end - 1)),
  ].filter((specifier) => specifier !== '');
}

function packageOf(specifier: string): string | undefined {
  const isOwn = specifier.startsWith('.') || specifier.startsWith('/');
  if (isOwn || specifier.startsWith('node:') || builtinModules.includes(specifier))
    return undefined;
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function filesBelow(folder: string): string[] {
  return fs
    .readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
}

function copy(name: string, folder: string): void {
  write(path.join(folder, name), fs.readFileSync(path.join(ROOT, name)));
}

function write(file: string, content: string | Buffer): void {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, content);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const folder = path.resolve(process.argv[2] ?? path.join(ROOT, 'dist'));
  buildCode(folder);
  buildLock(folder);
  buildSbom(folder);
  const tarball = path.basename(buildSdk(path.join(ROOT, 'sdk', 'dist'), folder));
  const shown = path.relative(process.cwd(), folder) || folder;
  process.stdout.write(`built in ${shown}: cd ${shown} && npm ci && node bin/hutong.js serve\n`);
  process.stdout.write(`the SDK for your own project: npm install ${shown}/${tarball}\n`);
}
