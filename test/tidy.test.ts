/**
 * Architecture and house rules as a test. Each rule is a row: what it is called, which files it
 * looks at, what it complains of, and bad samples that it must catch, so that a rule that went
 * blind fails by itself. Formatting, `any`, `!` and function length are biome's.
 *
 * The tree is what git tracks.
 */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

interface SourceFile {
  /** From the repository's root, with `/`. */
  readonly path: string;
  readonly text: string;
}

interface Rule {
  readonly name: string;
  readonly applies: (path: string) => boolean;
  readonly complaints: (file: SourceFile) => readonly string[];
  readonly bad: readonly SourceFile[];
  readonly good?: readonly SourceFile[];
}

// ---------------------------------------------------------------- who may import whom

/** Wire formats that no wallet owns: codecs that every wallet and gateway may use. */
const WIRE_FORMATS = [
  'src/wires/qr/',
  'src/wires/nfc/',
  'src/wires/keys/',
  'src/wires/codec-error.ts',
  'src/wires/beijing-time.ts',
];
const WORDS = ['src/kernel/', 'src/core/', 'src/runtime/'];
const PORT = ['src/wallets/wallet.ts', 'src/wallets/registry.ts'];
const COMMITTED = ['src/database/', 'src/store/', 'src/engine/', 'src/webhooks/'];

/** `{own}` is the wallet's own name. The first row whose pattern fits is the file's layer. */
const LAYERS: readonly { readonly of: RegExp; readonly may: readonly string[] }[] = [
  { of: /^src\/kernel\//, may: ['src/kernel/'] },
  {
    of: /^src\/wires\/(?:qr|nfc|keys|codec-error\.ts|beijing-time\.ts)/,
    may: ['src/kernel/', ...WIRE_FORMATS],
  },
  {
    of: /^src\/wires\/([^/]+)\//,
    may: ['src/kernel/', ...WIRE_FORMATS, 'src/wires/{own}/'],
  },
  { of: /^src\/core\//, may: ['src/kernel/', 'src/core/'] },
  { of: /^src\/runtime\//, may: ['src/kernel/', 'src/runtime/'] },
  { of: /^src\/database\//, may: ['src/kernel/', 'src/database/'] },
  { of: /^src\/store\//, may: [...WORDS, 'src/database/', 'src/store/'] },
  { of: /^src\/engine\//, may: [...WORDS, 'src/database/', 'src/store/', 'src/engine/'] },
  { of: /^src\/webhooks\//, may: [...WORDS, 'src/webhooks/'] },
  { of: /^src\/wallets\/wallet\.ts$/, may: WORDS },
  { of: /^src\/wallets\/answers\.ts$/, may: [...WORDS, 'src/wallets/wallet.ts'] },
  { of: /^src\/wallets\/registry\.ts$/, may: ['src/kernel/', 'src/core/', 'src/wallets/'] },
  {
    of: /^src\/wallets\/([^/]+)\//,
    may: [
      ...WORDS,
      'src/wallets/wallet.ts',
      'src/wallets/answers.ts',
      ...WIRE_FORMATS,
      'src/wires/{own}/',
      'src/wallets/{own}/',
    ],
  },
  {
    of: /^src\/flows\//,
    may: [...WORDS, ...PORT, ...WIRE_FORMATS, ...COMMITTED, 'src/flows/'],
  },
  {
    of: /^src\/(http|cashier)\//,
    may: [
      ...WORDS,
      ...PORT,
      ...WIRE_FORMATS,
      ...COMMITTED,
      'src/flows/',
      'src/http/',
      'src/cashier/',
    ],
  },
  {
    of: /^sandbox\/(kit|tap)\//,
    may: ['src/kernel/', 'src/runtime/', ...WIRE_FORMATS, 'sandbox/kit/', 'sandbox/tap/'],
  },
  {
    of: /^sandbox\/gateways\/([^/]+)\//,
    may: [
      'src/kernel/',
      'src/runtime/',
      ...WIRE_FORMATS,
      'src/wires/{own}/',
      'sandbox/kit/',
      'sandbox/tap/',
      'sandbox/gateways/{own}/',
    ],
  },
  {
    of: /^sandbox\//,
    may: ['src/kernel/', 'src/runtime/', ...WIRE_FORMATS, 'sandbox/'],
  },
  { of: /^src\/(cli\/|compose\.ts$|compose-|main\.ts$)/, may: ['src/', 'sdk/', 'sandbox/'] },
  { of: /^sdk\//, may: ['sdk/'] },
  { of: /^examples\//, may: ['examples/', 'sdk/'] },
];

/** Core computes: of Node it may hash, and of packages it may use none. */
const CORE_MODULES = new Set(['node:crypto']);

function importComplaints(file: SourceFile): string[] {
  const layer = LAYERS.find(({ of }) => of.test(file.path));
  if (layer === undefined) return [`${file.path} belongs to no layer: give it one in LAYERS`];
  const own = layer.of.exec(file.path)?.[1] ?? '';
  const may = layer.may.map((prefix) => prefix.replace('{own}', own));
  return importsOf(file)
    .filter((target) => (isFile(target) ? !isAllowed(target, may) : isTooMuch(file.path, target)))
    .map((target) => `imports ${target}`);
}

function isFile(target: string): boolean {
  return target.includes('/') && !target.startsWith('@') && !target.startsWith('node:')
    ? /^(?:src|sandbox|sdk|examples|test|tools|bench|bin|\.\.)\//.test(target)
    : false;
}

function isAllowed(target: string, may: readonly string[]): boolean {
  const fits = (prefix: string) =>
    new RegExp(`^${prefix.replaceAll('.', '\\.').replace('*', '[^/]+')}`).test(target);
  const denied = may.filter((prefix) => prefix.startsWith('!')).map((prefix) => prefix.slice(1));
  return may.some(fits) && !denied.some(fits);
}

function isTooMuch(from: string, target: string): boolean {
  return /^src\/(?:kernel|core)\//.test(from) && !CORE_MODULES.has(target);
}

const IMPORT = /(?:\bfrom\s*|\bimport\s*\(\s*|\bimport\s+)(['"])([^'"\n]+)\1/g;

/** Repository paths for relative imports, bare names for the rest. */
function importsOf(file: SourceFile): string[] {
  return [...withoutComments(file.text).matchAll(IMPORT)].map(([, , target = '']) =>
    target.startsWith('.') ? path.posix.join(path.posix.dirname(file.path), target) : target,
  );
}

/** Good enough for rules: comments that stand alone or follow code, never inside strings. */
function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1');
}

// ---------------------------------------------------------------- the rules

const isTest = (file: string) => /\.test\.ts$/.test(file) || /^test\//.test(file);
const isCode = (file: string) => /\.(?:ts|js|mjs)$/.test(file);
const isGenerated = (file: string) => /\.generated\.ts$/.test(file);
const isSource = (file: string) => isCode(file) && /^(?:src|sandbox)\//.test(file) && !isTest(file);
/** What is .js under src is a page's script, but for the door of PGlite's thread. */
const isServerSource = (file: string) => isSource(file) && file.endsWith('.ts');
const isText = (file: string) =>
  /\.(?:ts|js|mjs|md|json|sql|ya?ml|html|css|sh)$/.test(file) ||
  /(?:^|\/)(?:\.[a-z]+rc|run|Dockerfile)$/.test(file);
const isSelf = (file: string) => file === 'test/tidy.test.ts';

/** A rule that a pattern in code (comments left out) breaks. */
function banned(
  name: string,
  applies: (path: string) => boolean,
  pattern: RegExp,
  bad: readonly SourceFile[],
  good: readonly SourceFile[] = [],
): Rule {
  const complaints = (file: SourceFile) =>
    withoutComments(file.text)
      .split('\n')
      .filter((line) => pattern.test(line))
      .map((line) => `says ${line.trim().slice(0, 80)}`);
  return { name, applies, complaints, bad, good };
}

const UNBREAKABLE = /\S{60}|^(?:import|export) |<\/?[a-z!]|\b[dh]="|(['"`]).{50,}\1/;

const sample = (file: string, text: string): SourceFile => ({ path: file, text });

const RULES: readonly Rule[] = [
  {
    name: 'imports point inwards',
    applies: (file) =>
      isCode(file) &&
      /^(?:src|sandbox|sdk|examples)\//.test(file) &&
      !isTest(file) &&
      !isSelf(file),
    complaints: importComplaints,
    bad: [
      sample('src/kernel/a.ts', `import { x } from '../core/payment/model.ts';`),
      sample('src/kernel/a.ts', `import fs from 'node:fs';`),
      sample('src/core/a.ts', `import { x } from '../runtime/clock.ts';`),
      sample('src/core/a.ts', `import fs from 'node:fs';`),
      sample('src/core/a.ts', `import { Type } from 'typebox';`),
      sample('src/core/payment/a.ts', `import { y } from '../../wires/qr/crc16.ts';`),
      sample('src/runtime/a.ts', `import type { Db } from '../database/db.ts';`),
      sample('src/database/a.ts', `import { y } from '../store/payment/rows.ts';`),
      sample('src/wires/alipay/a.ts', `import { y } from '../wechatpay/rsa.ts';`),
      sample('src/wires/alipay/a.ts', `import { y } from '../../runtime/clock.ts';`),
      sample('src/wires/alipay/a.ts', `import { y } from '../../wallets/wallet.ts';`),
      sample('src/wires/nfc/a.ts', `import { y } from '../alipay/rsa.ts';`),
      sample('src/wires/keys/a.ts', `import { y } from '../jdpay/keys.ts';`),
      sample('src/wallets/alipay/a.ts', `import { y } from '../wechatpay/answer.ts';`),
      sample('src/wallets/alipay/a.ts', `import { y } from '../../wires/wechatpay/rsa.ts';`),
      sample('src/wallets/alipay/a.ts', `import { y } from '../../../sandbox/city.ts';`),
      sample('src/wallets/alipay/a.ts', `import { y } from '../registry.ts';`),
      sample('src/wallets/wallet.ts', `import { y } from './alipay/adapter.ts';`),
      sample('src/wallets/wallet.ts', `import { y } from './answers.ts';`),
      sample('src/wallets/answers.ts', `import { y } from './alipay/adapter.ts';`),
      sample('src/store/a.ts', `import { y } from '../engine/lane.ts';`),
      sample('src/engine/a.ts', `import { y } from '../flows/refund/refund.ts';`),
      sample('src/engine/a.ts', `import { y } from '../wallets/wallet.ts';`),
      sample('src/flows/a.ts', `const y = await import('../http/server.ts');`),
      sample('src/flows/a.ts', `import { y } from '../wallets/alipay/adapter.ts';`),
      sample('src/http/a.ts', `import { y } from '../../sandbox/city.ts';`),
      sample('sandbox/kit/a.ts', `import { y } from '../city.ts';`),
      sample('sandbox/gateways/alipay/a.ts', `import { y } from '../../city.ts';`),
      sample('sandbox/gateways/alipay/a.ts', `import { y } from '../jdpay/gateway.ts';`),
      sample(
        'sandbox/gateways/alipay/a.ts',
        `import { y } from '../../../src/wallets/alipay/answer.ts';`,
      ),
      sample('sandbox/city.ts', `import { y } from '../src/wallets/alipay/adapter.ts';`),
      sample('sandbox/city.ts', `import { y } from '../src/core/payment/model.ts';`),
      sample('sandbox/city.ts', `export { y } from '../src/database/db.ts';`),
      sample('sdk/src/a.ts', `import { y } from '../../src/kernel/money.ts';`),
      sample('examples/bazaar/a.ts', `import '../../src/compose.ts';`),
      sample('src/newcomer/a.ts', `export const x = 1;`),
    ],
    good: [
      sample('src/core/a.ts', `import { createHash } from 'node:crypto';`),
      sample(
        'src/core/a.ts',
        `// see '../runtime/clock.ts'\nimport { ok } from '../kernel/result.ts';`,
      ),
      sample('src/wallets/alipay/adapter.ts', `import { y } from '../../wires/alipay/rsa.ts';`),
      sample('src/wires/alipay/a.ts', `import { y } from '../nfc/ber-tlv.ts';`),
      sample('src/wires/alipay/a.ts', `import { y } from '../keys/rsa-text.ts';`),
      sample('src/wires/qr/a.ts', `import { y } from '../codec-error.ts';`),
      sample(
        'sandbox/gateways/alipay/a.ts',
        `import { y } from '../../../src/wires/alipay/rsa.ts';`,
      ),
      sample('sandbox/gateways/alipay/a.ts', `import { y } from '../../kit/kit.ts';`),
      sample('sandbox/city.ts', `import { y } from './gateways/alipay/gateway.ts';`),
      sample('src/compose.ts', `import { y } from './wallets/alipay/adapter.ts';`),
      sample('src/engine/a.ts', `import fastify from 'fastify';`),
      sample('examples/bazaar/a.ts', `import { Hutong } from '../../sdk/src/index.ts';`),
    ],
  },
  banned(
    'wall time and chance come through runtime',
    (file) => isSource(file) && !file.startsWith('src/runtime/'),
    /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(/,
    [
      sample('src/core/a.ts', 'const now = Date.now();'),
      sample('src/http/a.ts', 'const now = new Date();'),
      sample('src/engine/a.ts', 'const x = Math.random();'),
    ],
    [sample('src/http/a.ts', 'const day = new Date(ms); // not Date.now()')],
  ),
  banned(
    'no global fetch: calls go through runtime/http-client.ts',
    (file) => isServerSource(file) && !file.startsWith('src/runtime/'),
    /(?<![.\w])fetch\(/,
    [sample('src/flows/a.ts', 'await fetch(url);')],
    [sample('src/flows/a.ts', 'await bills.fetch(day); refetch(); fetchBill();')],
  ),
  banned(
    'no console outside runtime and cli',
    (file) => isServerSource(file) && !/^src\/(?:runtime|cli)\//.test(file),
    /(?<![.\w])console\./,
    [sample('src/store/a.ts', `console.log('x');`)],
  ),
  banned(
    'settings are read by the composition alone',
    (file) =>
      isSource(file) && !/^src\/(?:cli\/|runtime\/|compose\.ts|compose-|main\.ts)/.test(file),
    /\bprocess\.env\b/,
    [
      sample('src/core/a.ts', 'if (process.env.X) return;'),
      sample('src/wallets/alipay/adapter.ts', 'const { env } = process.env;'),
    ],
  ),
  banned(
    'core has no timers and knows no process',
    (file) => isSource(file) && /^src\/(?:kernel|core)\//.test(file),
    /\b(?:setTimeout|setInterval|setImmediate)\(|\bprocess\.|\bglobalThis\b/,
    [sample('src/core/a.ts', 'setTimeout(f, 1);'), sample('src/core/a.ts', 'process.nextTick(f);')],
  ),
  banned(
    'a wire does not know where it runs',
    (file) => isSource(file) && file.startsWith('src/wires/'),
    /\bprocess\b|NODE_ENV|\bsandbox\b|\b(?:is|test)(?:Test|Sandbox|Mode)\b|\bskip(?:Verif|Sign)|\blocalhost\b|127\.0\.0\.1/i,
    [
      sample('src/wires/alipay/a.ts', 'if (config.sandbox) return true;'),
      sample('src/wires/alipay/a.ts', `if (host === 'localhost') return;`),
      sample('src/wires/alipay/a.ts', 'if (isTest) return;'),
      sample('src/wires/alipay/a.ts', 'options.skipVerification'),
      sample('src/wires/alipay/a.ts', `if (process.env.NODE_ENV === 'x') return;`),
    ],
    [sample('src/wires/alipay/a.ts', '// the sandbox sends the same\nconst a = 1;')],
  ),
  {
    name: '100 columns',
    // Biome formats code; this holds comments, SQL and what else it leaves alone to the same width.
    // Let through: Chinese texts, imports, markup, long strings, words that cannot be broken.
    applies: (file) => isCode(file) && !isGenerated(file) && !/(?:^|\/|-)texts\.ts$/.test(file),
    complaints: ({ text }) =>
      text
        .split('\n')
        .map((line, index) => ({ line, number: index + 1 }))
        .filter(({ line }) => line.length > 100 && !UNBREAKABLE.test(line))
        .map(({ line, number }) => `line ${number} has ${line.length}`),
    bad: [sample('src/core/a.ts', `// ${'word '.repeat(25)}`)],
    good: [
      sample('src/core/a.ts', `// ${'w'.repeat(120)}`),
      sample('src/cashier/a.ts', `  <p class="word">${'word '.repeat(25)}</p>`),
      sample('src/cashier/texts.ts', `const a = '${'word '.repeat(25)}';`),
    ],
  },
  {
    name: 'files have at most 500 lines',
    applies: (file) => isCode(file) && !isTest(file) && !isGenerated(file),
    complaints: ({ text }) => {
      const count = text.trimEnd().split('\n').length;
      return count > 500 ? [`has ${count} lines`] : [];
    },
    bad: [sample('src/core/a.ts', 'x;\n'.repeat(501))],
    good: [sample('src/core/a.ts', 'x;\n'.repeat(500))],
  },
  banned(
    'no default exports',
    (file) => isCode(file) && file !== 'vitest.config.ts' && !isSelf(file),
    /^\s*export default\b|\bas default\b/,
    [
      sample('src/core/a.ts', 'export default 5;'),
      sample('sdk/src/a.ts', 'export { a as default };'),
    ],
  ),
  {
    name: 'no barrels but a package’s public index.ts',
    applies: (file) => isCode(file) && !/^(?:sdk|examples\/[^/]+)\/src\/index\.ts$/.test(file),
    complaints: ({ path: file, text }) => {
      const statements = withoutComments(text).replace(/export[^;]*?from\s*['"][^'"]+['"];?/g, '');
      const isBarrel = statements.trim() === '' && /\bfrom\b/.test(withoutComments(text));
      return isBarrel || /(?:^|\/)index\.ts$/.test(file) ? ['is a barrel'] : [];
    },
    bad: [
      sample(
        'src/core/all.ts',
        `/** All. */\nexport * from './a.ts';\nexport { b } from './b.ts';`,
      ),
      sample('src/core/index.ts', 'export const x = 1;'),
    ],
    good: [sample('sdk/src/index.ts', `export * from './client.ts';`)],
  },
  {
    name: 'nothing is left to do in a comment',
    applies: (file) => isText(file) && !isSelf(file),
    complaints: ({ text }) =>
      [...text.matchAll(/\b(?:TODO|FIXME|XXX|HACK)\b.*/g)].map(([found]) => `says ${found}`),
    bad: [sample('src/core/a.ts', '// TODO: later'), sample('docs/a.md', 'FIXME')],
  },
  {
    name: 'modules of src start with what they are for',
    applies: (file) => isSource(file) && !isGenerated(file),
    complaints: ({ text }) =>
      text.replace(/^#!.*\n/, '').startsWith('/**') ? [] : ['does not start with a comment'],
    bad: [sample('src/core/a.ts', `import { x } from './b.ts';\n/** Late. */`)],
  },
  {
    name: 'file names are kebab-case',
    applies: (file) => isCode(file) || file.endsWith('.sql'),
    complaints: ({ path: file }) =>
      /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z]+)+$/.test(path.posix.basename(file))
        ? []
        : ['is not kebab-case'],
    bad: [sample('src/core/paymentIntent.ts', ''), sample('src/core/payment_intent.ts', '')],
    good: [sample('src/core/payment-intent.test.ts', ''), sample('sdk/a.generated.ts', '')],
  },
  {
    name: 'no path of one machine and no registry host',
    applies: (file) => (isText(file) || file === 'package-lock.json') && !isSelf(file),
    complaints: ({ text }) =>
      [
        ...text.matchAll(/(?<![\w.@:/*)}-])\/(?:work|root|home\/[a-z]+|Users\/[a-z]+)\/[\w.-]+/gi),
        ...text.matchAll(
          /https?:\/\/[^\s"'/]*(?:registry|npmmirror|artifactory|verdaccio)[^\s"']*/g,
        ),
      ].map(([found]) => `names ${found}`),
    bad: [
      sample('docs/a.md', `run it in ${['', 'work', 'main'].join('/')}`),
      sample('.ci/run', `cd ${['', 'root', 'hutong'].join('/')}`),
      sample('src/core/a.ts', `const file = '/home/somebody/x';`),
      sample(
        'package-lock.json',
        `"resolved": "https://${['registry', 'a', 'org'].join('.')}/a.tgz"`,
      ),
      sample(
        'deploy/Dockerfile',
        `RUN npm ci --registry https://${['npm', 'mirror'].join('')}.com`,
      ),
    ],
    good: [sample('docs/a.md', 'docs/work/plan and https://example.com/work/x')],
  },
  {
    name: 'a document has one title',
    // Notes of migrations and the README of a folder included.
    applies: (file) => file.endsWith('.md'),
    complaints: ({ text }) => {
      const titles = text.replace(/^(```|~~~)[\s\S]*?^\1/gm, '').match(/^# .+/gm)?.length ?? 0;
      return titles === 1 ? [] : [`has ${titles} titles`];
    },
    bad: [sample('docs/a.md', '# A\n\n# B\n'), sample('docs/a.md', 'no title')],
    good: [sample('docs/a.md', '# A\n\n```sh\n# a comment\n```\n\n## B\n')],
  },
];

// ---------------------------------------------------------------- rules of the whole tree

/** What every wallet has, `{wallet}` being its name. */
const WALLET_FILES = [
  ...['README.md', 'capabilities.ts', 'config.ts', 'client.ts', 'request.ts', 'answer.ts']
    .concat('statuses.ts', 'notify.ts', 'adapter.ts')
    .map((name) => `src/wallets/{wallet}/${name}`),
  ...['credentials.ts', 'canonical.ts', 'signature.ts', 'message.ts', 'trade.ts'].map(
    (name) => `src/wires/{wallet}/${name}`,
  ),
  ...['account', 'answers', 'callbacks', 'cashier-page', 'context', 'endpoint', 'explain']
    .concat('field-rules', 'gateway', 'identity', 'order-store', 'orders', 'payment-codes')
    .concat('phone', 'present', 'records', 'refunds')
    .map((name) => `sandbox/gateways/{wallet}/${name}.ts`),
];

/** The same names in every wallet's folders, so that who knows one knows all. */
function walletComplaints(files: readonly string[]): string[] {
  const wallets = new Set(
    files.flatMap((file) => /^src\/wallets\/([^/]+)\//.exec(file)?.[1] ?? []),
  );
  return [...wallets].flatMap((wallet) =>
    WALLET_FILES.map((name) => name.replace('{wallet}', wallet)).filter(
      (wanted) => !files.includes(wanted),
    ),
  );
}

/** Value imports that lead back to where they started, each cycle once. */
function importCycles(files: readonly SourceFile[]): string[] {
  const graph = new Map(files.map((file) => [file.path, importsOf(withoutTypeImports(file))]));
  const cycles = new Set<string>();
  const done = new Set<string>();
  const walk = (file: string, trail: readonly string[]): void => {
    const at = trail.indexOf(file);
    if (at !== -1) {
      const loop = trail.slice(at);
      const first = loop.indexOf([...loop].sort()[0] ?? '');
      cycles.add([...loop.slice(first), ...loop.slice(0, first)].join(' -> '));
    }
    if (at !== -1 || done.has(file)) return;
    for (const target of graph.get(file) ?? []) walk(target, [...trail, file]);
    done.add(file);
  };
  for (const file of graph.keys()) walk(file, []);
  return [...cycles];
}

function withoutTypeImports(file: SourceFile): SourceFile {
  return { ...file, text: file.text.replace(/^(?:import|export) type [^;]*;/gm, '') };
}

// ---------------------------------------------------------------- the tests

/** What git tracks; in a copy without its history, every file but what is installed or made. */
function trackedPaths(): string[] {
  if (fs.existsSync(path.join(ROOT, '.git'))) {
    const listed = execFileSync('git', ['ls-files', '-z'], { cwd: ROOT, encoding: 'utf8' });
    return listed.split('\0').filter((file) => file !== '');
  }
  const ignored = /(?:^|\/)(?:node_modules|\.hutong|dist|coverage)(?:\/|$)/;
  return fs
    .readdirSync(ROOT, { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll(path.sep, '/'))
    .filter((file) => !ignored.test(file) && fs.statSync(path.join(ROOT, file)).isFile());
}

const paths = trackedPaths().filter((file) => fs.existsSync(path.join(ROOT, file)));
const tree: readonly SourceFile[] = paths
  .filter((file) => isText(file))
  .map((file) => ({ path: file, text: fs.readFileSync(path.join(ROOT, file), 'utf8') }));

describe('the tree', () => {
  for (const rule of RULES) {
    test(rule.name, () => {
      const found = tree
        .filter((file) => rule.applies(file.path))
        .flatMap((file) => rule.complaints(file).map((what) => `${file.path}: ${what}`));
      expect(found).toEqual([]);
    });
  }

  test('every wallet has the same files', () => {
    expect(walletComplaints(paths)).toEqual([]);
  });

  test('imports make no cycles', () => {
    expect(importCycles(tree.filter(({ path: file }) => isSource(file)))).toEqual([]);
  });

  test('is looked at', () => {
    expect(tree.filter(({ path: file }) => isSource(file)).length).toBeGreaterThan(50);
  });
});

describe('a rule sees', () => {
  for (const rule of RULES) {
    test(`what breaks it: ${rule.name}`, () => {
      expect(rule.bad.length).toBeGreaterThan(0);
      for (const file of rule.bad) {
        expect(rule.applies(file.path), `looks at ${file.path}`).toBe(true);
        expect(rule.complaints(file), `${file.path}: ${file.text.slice(0, 80)}`).not.toEqual([]);
      }
    });

    test(`what keeps it: ${rule.name}`, () => {
      for (const file of rule.good ?? []) {
        const complaints = rule.applies(file.path) ? rule.complaints(file) : [];
        expect(complaints, `${file.path}: ${file.text.slice(0, 80)}`).toEqual([]);
      }
    });
  }

  test('a wallet that lacks a file', () => {
    const complete = WALLET_FILES.map((name) => name.replace('{wallet}', 'a'));
    expect(walletComplaints(complete)).toEqual([]);
    expect(walletComplaints(complete.slice(1))).toEqual(['src/wallets/a/README.md']);
    expect(walletComplaints(complete.slice(0, -1))).toEqual(['sandbox/gateways/a/refunds.ts']);
  });

  test('a cycle, but not one of types', () => {
    const a = sample('src/core/a.ts', `import { b } from './b.ts';`);
    const b = sample('src/core/b.ts', `import { c } from './c.ts';`);
    const back = (kind: string) => sample('src/core/c.ts', `import ${kind}{ a } from './a.ts';`);
    expect(importCycles([a, b, back('')])).toEqual([
      'src/core/a.ts -> src/core/b.ts -> src/core/c.ts',
    ]);
    expect(importCycles([a, b, back('type ')])).toEqual([]);
  });
});
