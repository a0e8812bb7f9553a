/**
 * Rules of single files. Formatting, `any`, `!` and function length are biome's.
 */
import path from 'node:path';
import { banned, type Rule } from './rule.ts';
import {
  isCode,
  isGenerated,
  isServerSource,
  isSource,
  isTest,
  isText,
  sample,
  withoutComments,
} from './tree.ts';

/** Here are the bad samples of all these rules. */
const isSelf = (file: string) => /^test\/tidy\/(?:rules|layers|areas)\.ts$/.test(file);

/** Metaphors that the field has words for: credentials, report, notify, allocation, endpoint. */
const PRIVATE_WORDS =
  /^(?:papers?|tells?|told|telling|untold|nobodys?|pockets?|parcels?|manners?|couriers?|desks?|houses?|doors?)$/i;
/** What commander makes of the published option `--no-demo-papers`. */
const PUBLISHED = 'demoPapers';

function isPrivate(name: string): boolean {
  const words = name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').split('_');
  return (
    name !== PUBLISHED && (/given?back/i.test(name) || words.some((w) => PRIVATE_WORDS.test(w)))
  );
}

/** Names in code; texts and comments left out. */
function identifiersOf(text: string): ReadonlySet<string> {
  const code = withoutComments(text).replace(/(['"])(?:\\.|(?!\1)[^\\\n])*\1/g, '');
  return new Set(code.match(/[A-Za-z_$][\w$]*/g));
}

const UNBREAKABLE = /\S{60}|^(?:import|export) |<\/?[a-z!]|\b[dh]="|(['"`]).{50,}\1/;

export const RULES: readonly Rule[] = [
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
  banned(
    'the engine knows no aggregate by its name',
    (file) => isSource(file) && file.startsWith('src/engine/'),
    /payment|refund|payout|attempt|merchant_balance/i,
    [
      sample('src/engine/a.ts', `if (command.aggregate === PAYMENT) return;`),
      sample('src/engine/a.ts', `import { lockPayments } from '../store/payment/payments.ts';`),
    ],
    [sample('src/engine/a.ts', `if (command.aggregate === known) return; // a payment`)],
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
    name: 'identifiers use the field’s words',
    applies: (file) => /^(?:src|sandbox|sdk\/src)\/.*\.ts$/.test(file) && !isGenerated(file),
    complaints: ({ text }) =>
      [...identifiersOf(text)].filter(isPrivate).map((name) => `calls something ${name}`),
    bad: [
      sample('sandbox/a.ts', 'const papers = open();'),
      sample('src/core/a.ts', 'interface ToldReason {}'),
      sample('src/core/a.ts', 'const REFUND_POCKETS = 4;'),
      sample('src/flows/a.ts', 'bucket.giveBack();'),
    ],
    good: [
      sample('src/cli/a.ts', `flags.demoPapers; read('papers.json'); // told`),
      sample('src/wires/jdpay/a.ts', 'const desKey = desktop;'),
    ],
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
