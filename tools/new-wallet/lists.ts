/**
 * The lists that know every wallet, and the line that each gets. A list is found by how it opens,
 * never by the wallet that happens to stand last in it.
 */
import { capital, type WalletWords } from './words.ts';

interface Line {
  readonly file: string;
  /** How the list begins, up to its bracket; or the text that the line goes before. */
  readonly opens?: string;
  readonly before?: string;
  readonly line: string;
}

/** Texts and colors that the author has to provide; the tool inserts placeholders. */
export const LOOKED_THROUGH: readonly string[] = [
  'src/cashier/texts.ts',
  'src/cashier/wallet-marks.ts',
  'sandbox/phone/texts.ts',
  'sandbox/phone/cashier-jump.ts',
  'examples/bazaar/texts.ts',
  'test/contract/wallet-credentials.test.ts',
];

export function linesOf(words: WalletWords): readonly Line[] {
  const { name, display, displayZh } = words;
  return [...registries(words), ...texts(words), ...testTables(name)].map((line) => ({
    ...line,
    line: line.line.replaceAll('{zh}', displayZh).replaceAll('{en}', display),
  }));
}

function registries({ name }: WalletWords): Line[] {
  const Name = capital(name);
  const made = `open: open${Name}Gateway, makeAccount: make${Name}Account`;
  return [
    { file: 'src/kernel/wallet-names.ts', opens: 'WALLET_NAMES = [', line: `'${name}',` },
    {
      file: 'src/wallets/registry.ts',
      before: 'import type { WalletModule }',
      line: `import { ${name} } from './${name}/adapter.ts';\n`,
    },
    { file: 'src/wallets/registry.ts', opens: 'WalletModule> = new Map(\n  [', line: `${name},` },
    {
      file: 'sandbox/gateways/all.ts',
      before: 'export const GATEWAY_MAKERS',
      line:
        `import { make${Name}Account } from './${name}/account.ts';\n` +
        `import { open${Name}Gateway } from './${name}/gateway.ts';\n\n`,
    },
    {
      file: 'sandbox/gateways/all.ts',
      opens: 'GATEWAY_MAKERS: readonly GatewayMaker[] = [',
      line: `{ wallet: '${name}', ${made} },`,
    },
  ];
}

/** A disc, until the wallet has a picture of its own. */
const MARK = `{
  colour: '#5b6470',
  shapes: [{ path: 'M11 20a9 9 0 1 0 18 0a9 9 0 1 0-18 0z', paint: 'white' }],
},`;

function texts({ name }: WalletWords): Line[] {
  const cashier = 'src/cashier/texts.ts';
  const phone = 'sandbox/phone/texts.ts';
  return [
    { file: cashier, opens: 'APPS_ZH: Readonly<Record<WalletName, string>> = {', line: zh(name) },
    { file: cashier, opens: 'APPS_EN: Readonly<Record<WalletName, string>> = {', line: en(name) },
    {
      file: cashier,
      opens: "otherLanguageLabel: '切换到英文',\n  wallets: {",
      line: zh(name),
    },
    {
      file: cashier,
      opens: "otherLanguageLabel: 'Switch to Chinese',\n  wallets: {",
      line: en(name),
    },
    {
      file: 'src/flows/payment/identify-payer.ts',
      opens: 'const WALLET_LETTERS = {',
      line: `${name}: '{letter}',`,
    },
    {
      file: 'src/cashier/wallet-marks.ts',
      opens: 'WALLET_MARKS: Readonly<Record<WalletName, WalletMark>> = {',
      line: `${name}: ${MARK}`,
    },
    {
      file: 'src/cashier/model.ts',
      before: '      return null;\n    default:\n      return unreachable(wallet);',
      line: `    case '${name}':\n`,
    },
    { file: phone, before: "  modes: '功能',", line: `  ${zh(name)}\n` },
    { file: phone, before: "  modes: 'Functions',", line: `  ${en(name)}\n` },
    {
      file: 'sandbox/phone/cashier-jump.ts',
      opens: 'USER_AGENTS: Readonly<Record<WalletName, string>> = {',
      line: `${name}: ANDROID,`,
    },
    {
      file: 'examples/bazaar/texts.ts',
      opens: 'WALLETS: Readonly<Record<string, Text>> = Object.freeze({',
      line: `${name}: say('{zh}', '{en}'),`,
    },
  ];
}

const zh = (name: string) => `${name}: '{zh}',`;
const en = (name: string) => `${name}: '{en}',`;

/** Tests that ask every wallet, and what they ask this one. */
function testTables(name: string): Line[] {
  const model = 'src/core/payment/payment-model.test.ts';
  const credentials = 'test/contract/wallet-credentials.test.ts';
  return [
    {
      file: model,
      opens: 'OWN: Readonly<Record<WalletName, ReportCapabilities & typeof BOUNDS>> = {',
      line: `${name}: { ...BOUNDS, custody: 'settles_directly' },`,
    },
    {
      file: model,
      opens: 'PRODUCTS: Readonly<Record<WalletName, readonly Product[]>> = {',
      line: `${name}: ['qr', 'bar'],`,
    },
    {
      file: credentials,
      opens: 'other: Credentials) => Credentials>> = {',
      line: `${name}: (own, { privateKey }) => ({ ...own, privateKey }),`,
    },
    { file: credentials, opens: 'CALLED = {', line: `${name}: 'qr',` },
    {
      file: 'test/races/race.ts',
      opens: 'PRODUCT: Readonly<Record<Wallet, string>> = {',
      line: `${name}: 'qr',`,
    },
  ];
}

/** The text with the line in it; undefined where the list no longer looks as it did. */
export function withLine(text: string, { opens, before, line }: Line): string | undefined {
  if (before !== undefined) {
    const at = onlyPlace(text, before);
    return at === undefined ? undefined : `${text.slice(0, at)}${line}${text.slice(at)}`;
  }
  if (opens === undefined) return undefined;
  const at = onlyPlace(text, opens);
  const end = at === undefined ? undefined : closingOf(text, at + opens.length - 1);
  if (end === undefined) return undefined;
  const inside = text.slice(0, end).trimEnd();
  const comma = /[,[{]$/.test(inside) ? '' : ',';
  const added = line.replace('{letter}', nextLetter(inside.slice(at)));
  return `${inside}${comma}\n${added}\n${text.slice(end)}`;
}

/** Behind every one in the list: a letter is never given to another wallet. */
function nextLetter(list: string): string {
  const letters = '0123456789abcdefghijklmnopqrstuvwxyz';
  const given = [...list.matchAll(/'([0-9a-z])'/g)].map(([, letter = '']) =>
    letters.indexOf(letter),
  );
  return letters.charAt(Math.max(-1, ...given) + 1);
}

/** If a text occurs twice, it is ambiguous which one is meant. */
function onlyPlace(text: string, part: string): number | undefined {
  const at = text.indexOf(part);
  return at === -1 || text.includes(part, at + 1) ? undefined : at;
}

/** Where the bracket at `start` closes; what stands in quotes or in a comment does not count. */
function closingOf(text: string, start: number): number | undefined {
  const tokens = /\/\/.*|\/\*[\s\S]*?\*\/|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`|[[{(\])}]/g;
  tokens.lastIndex = start;
  let depth = 0;
  for (let found = tokens.exec(text); found !== null; found = tokens.exec(text)) {
    const [token] = found;
    if (/^[[{(]$/.test(token)) depth += 1;
    if (/^[\])}]$/.test(token)) depth -= 1;
    if (depth === 0) return found.index;
  }
  return undefined;
}
