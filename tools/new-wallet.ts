/**
 * `npm run new-wallet -- meituan --display "Meituan Pay"`: a fifth wallet in the shape of the
 * others. The files of tools/new-wallet/template are copied and renamed, and each list that knows
 * every wallet gets its line. What is copied speaks a made-up wire, both ends of it: complete, and
 * true of no wallet until its README.md is answered. Nothing is written unless all can be.
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { LOOKED_THROUGH, linesOf, withLine } from './new-wallet/lists.ts';
import { reworded, type WalletWords, wordsProblem } from './new-wallet/words.ts';

const TEMPLATE = 'tools/new-wallet/template';

const USAGE = `usage: npm run new-wallet -- NAME [options]

Makes the folders of a new wallet out of ${TEMPLATE} and adds it to the lists.

  NAME               3 to 20 small letters and digits, like meituan
  --display TEXT     what people call it, like "Meituan Pay" (otherwise: the name)
  --display-zh TEXT  the same in Chinese (otherwise: the display name)
  --dry-run          say what would be made and edited, and write nothing
  --force            work in a checkout that has changes which are not committed
  --help             this text
`;

interface WalletPlan {
  /** By path from the root. */
  readonly made: ReadonlyMap<string, string>;
  readonly edited: ReadonlyMap<string, string>;
}

/** What would be made and edited; a sentence where something is in the way. */
function planWallet(root: string, words: WalletWords): WalletPlan | string {
  const problem = wordsProblem(words);
  if (problem !== undefined) return problem;
  const made = madeFiles(root, words);
  const taken = [...made.keys()].find((file) => fs.existsSync(path.join(root, file)));
  if (taken !== undefined) return `${taken} exists already: remove it, or take another name`;
  const edited = new Map<string, string>();
  for (const line of linesOf(words)) {
    const { file } = line;
    const text = edited.get(file) ?? fs.readFileSync(path.join(root, file), 'utf8');
    const changed = withLine(text, line);
    if (changed === undefined)
      return `${file} has changed its shape: tools/new-wallet/lists.ts no longer finds the place`;
    edited.set(file, changed);
  }
  return { made, edited };
}

function madeFiles(root: string, words: WalletWords): ReadonlyMap<string, string> {
  const from = path.join(root, TEMPLATE);
  const files = fs
    .readdirSync(from, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(from, path.join(entry.parentPath, entry.name)))
    .map((file) => file.replaceAll(path.sep, '/'))
    .sort();
  return new Map(
    files.map((file) => [
      reworded(file, words),
      reworded(fs.readFileSync(path.join(from, file), 'utf8'), words),
    ]),
  );
}

/** Writes all of it, sorted and formatted by the program that checks it. */
function writeWallet(root: string, { made, edited }: WalletPlan): string | undefined {
  for (const [file, text] of [...made, ...edited]) {
    const target = path.join(root, file);
    fs.mkdirSync(path.dirname(target), { recursive: true });
    fs.writeFileSync(target, text);
  }
  const biome = path.join(root, 'node_modules/@biomejs/biome/bin/biome');
  const code = [...made.keys(), ...edited.keys()].filter((file) => file.endsWith('.ts'));
  const formatted = spawnSync(process.execPath, [biome, 'check', '--write', ...code], {
    cwd: root,
    encoding: 'utf8',
  });
  return formatted.status === 0 ? undefined : `${formatted.stdout}${formatted.stderr}`;
}

/** Uncommitted changes, which could then not be told from the tool's own. */
function hasChanges(root: string): boolean {
  const status = spawnSync('git', ['status', '--porcelain'], { cwd: root, encoding: 'utf8' });
  return status.status === 0 && status.stdout.trim() !== '';
}

function report({ made, edited }: WalletPlan): string {
  const lines = (files: Iterable<string>) => [...files].map((file) => `  ${file}\n`).join('');
  return `Made:\n${lines(made.keys())}\nEdited:\n${lines(edited.keys())}\n`;
}

function leftToDo({ name }: WalletWords): string {
  const through = LOOKED_THROUGH.map((file) => `     ${file}\n`).join('');
  return `Left to do by hand (docs/guides/add-a-wallet.md says how):

  1. src/wallets/${name}/README.md: every question answered with its source. No spec, no code.
  2. The made-up wire, file after file: src/wires/${name}, src/wallets/${name},
     sandbox/gateways/${name}. The vector of the wire's test becomes one that the wallet published.
  3. Lines that were put in for now, with the display name, a plain disc or a plain browser:
${through}  4. What no compiler reminds you of, where the wallet has it:
     its app's own browser   DEVICES in src/kernel/wallet-names.ts, test/cashier/fixtures.ts;
                             of src/cashier: device.ts, headers.ts, APP_WALLETS in model.ts
     payment codes           src/wires/qr/payment-code-table.ts
     codes to scan           src/wires/qr/code-url.ts
     other wallets' apps     src/kernel/interconnect.ts
     the phone's colours     sandbox/phone/assets/phone.css
     demo.json               sandboxUrls in sandbox/accounts.ts; tools/newcomer.ts
     parsers                 a file of test/fuzz for the wallet, a line in test/fuzz/parsers.ts
     rows of their own       test/matrix/matrix.ts, test/story/story.ts, bench/buyer.ts
     words                   docs/glossary.md, CHANGELOG.md
  5. npm run docs:wallets, npm run openapi, npm test
`;
}

export interface Told {
  readonly exitCode: number;
  readonly text: string;
}

function refusal(problem: string): Told {
  return { exitCode: 2, text: `new-wallet: ${problem}\n` };
}

export function newWallet(root: string, args: readonly string[]): Told {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(args);
  } catch (error) {
    return refusal(`${error instanceof Error ? error.message : 'bad arguments'}\n\n${USAGE}`);
  }
  const { values, positionals } = parsed;
  if (values.help === true) return { exitCode: 0, text: USAGE };
  const [name, ...more] = positionals;
  if (name === undefined || more.length > 0) return refusal(`one name is wanted\n\n${USAGE}`);
  const display = values.display ?? name;
  const words = { name, display, displayZh: values['display-zh'] ?? display };
  const plan = planWallet(root, words);
  if (typeof plan === 'string') return refusal(plan);
  if (values['dry-run'] === true)
    return { exitCode: 0, text: `Nothing is written.\n\n${report(plan)}` };
  if (values.force !== true && hasChanges(root))
    return refusal('the checkout has changes which are not committed: commit them, or add --force');
  const problem = writeWallet(root, plan);
  if (problem !== undefined) return refusal(`written, but biome complains:\n${problem}`);
  return { exitCode: 0, text: `${report(plan)}${leftToDo(words)}` };
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      display: { type: 'string' },
      'display-zh': { type: 'string' },
      'dry-run': { type: 'boolean' },
      force: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
}

const [script, ...args] = process.argv.slice(1);
if (script !== undefined && path.resolve(script) === fileURLToPath(import.meta.url)) {
  const told = newWallet(fileURLToPath(new URL('..', import.meta.url)), args);
  (told.exitCode === 0 ? process.stdout : process.stderr).write(told.text);
  process.exitCode = told.exitCode;
}
