/**
 * `npm run new-wallet -- meituan`: a fifth wallet in the shape of the others. Writes its folder and
 * its lines in the three lists. What it writes knows nothing of the wallet yet and says so: every
 * answer is `unknown`, which is safe with money, and fails the wallet's contract suites until the
 * wire is written. docs/guides/add-a-wallet.md goes on from there.
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const USAGE = 'usage: npm run new-wallet -- <name>    (small letters and digits, like meituan)';
const RESERVED = new Set(['qr', 'nfc', 'wallet', 'registry', 'sandbox']);

interface Plan {
  readonly files: ReadonlyMap<string, string>;
  readonly edits: readonly { readonly file: string; readonly text: string }[];
}

/** undefined = done; else what is in the way. Nothing is written unless all can be. */
export function newWallet(root: string, name: string): string | undefined {
  if (!/^[a-z][a-z0-9]{2,19}$/.test(name) || RESERVED.has(name)) {
    return `a name has 3 to 20 small letters and digits, starts with a letter and is not reserved`;
  }
  const folder = path.join(root, 'src/wallets', name);
  if (fs.existsSync(folder)) return `src/wallets/${name} exists already; remove it or take another`;
  const edits = listEdits(root, name);
  if (typeof edits === 'string') return edits;
  write(root, { files: filesOf(name), edits });
  return undefined;
}

function write(root: string, plan: Plan): void {
  for (const [file, text] of plan.files) {
    fs.mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    fs.writeFileSync(path.join(root, file), text);
  }
  for (const { file, text } of plan.edits) fs.writeFileSync(path.join(root, file), text);
}

/** The three lists, each with its new line; a text where a list no longer looks as it did. */
function listEdits(root: string, name: string): Plan['edits'] | string {
  const edits: { file: string; text: string }[] = [];
  for (const { file, changes } of lists(name)) {
    let text = fs.readFileSync(path.join(root, file), 'utf8');
    for (const [pattern, replacement] of changes) {
      if (!pattern.test(text)) return `${file} has changed its shape: add ${name} to it by hand`;
      text = text.replace(pattern, replacement);
    }
    edits.push({ file, text });
  }
  return edits;
}

function lists(name: string) {
  const Name = capital(name);
  return [
    {
      file: 'src/kernel/wallet-names.ts',
      changes: [[/(WALLET_NAMES = \[[^\]]*)\]/, `$1, '${name}']`]] as const,
    },
    {
      file: 'src/wallets/registry.ts',
      changes: [
        [
          /^(import type \{ WalletModule \})/m,
          `import { ${name} } from './${name}/adapter.ts';\n$1`,
        ],
        [/^( {2}\[[^\]]*)\]\.map/m, `$1, ${name}].map`],
      ] as const,
    },
    {
      file: 'sandbox/gateways/all.ts',
      changes: [
        [
          /^(import type \{ GatewayMaker \})/m,
          `import { make${Name}Account } from './${name}/account.ts';\n` +
            `import { open${Name}Gateway } from './${name}/gateway.ts';\n$1`,
        ],
        [
          /\n\];\n$/,
          `\n  { wallet: '${name}', open: open${Name}Gateway, makeAccount: make${Name}Account },\n];\n`,
        ],
      ] as const,
    },
  ];
}

function capital(name: string): string {
  return `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
}

function filesOf(name: string): ReadonlyMap<string, string> {
  const at = (file: string) => `src/wallets/${name}/${file}`;
  return new Map([
    [at('README.md'), readme(name)],
    [at('capabilities.ts'), capabilities(name)],
    [at('config.ts'), config(name)],
    [at('answer.ts'), answer(name)],
    [at('notify.ts'), notify(name)],
    [at('adapter.ts'), adapter(name)],
    [`src/wires/${name}/credentials.ts`, credentials(name)],
    [`sandbox/gateways/${name}/account.ts`, account(name)],
    [`sandbox/gateways/${name}/gateway.ts`, gateway(name)],
  ]);
}

function readme(name: string): string {
  return `# ${capital(name)}

Written before the code: without a source for each line there is nothing to write code from.

| question | answer | source |
| --- | --- | --- |
| endpoints, test and live | | |
| how a request is signed, over which bytes | | |
| how an answer and a notification are verified | | |
| unit of amounts, time zone of times | | |
| every order status, and whether it can still become paid | | |
| what "not found" means, and until when it is not final | | |
| how an order is closed; how a payment code is reversed | | |
| refunds: partial, repeated, window, spacing, what a repeat answers | | |
| notification: words of thanks, schedule of repeats | | |
| bill: where, when, charset, columns | | |
`;
}

function capabilities(name: string): string {
  return `/** What ${capital(name)} can do, as data; sources stand in README.md. */
import type { Capabilities } from '../../core/wallet/capabilities.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** One product and cautious figures: raise them when README.md has a source. */
export const capabilities: Capabilities = Object.freeze({
  wallet: '${name}',
  products: [
    { product: 'qr', devices: ['desktop'], combines: false, payerField: null, isScanned: true },
  ],
  cart: { kind: 'combine', legCountMax: 1, atomic: true, needsContract: false, expiryMsMax: null },
  notFoundIsFinalAfterMs: 10 * MINUTE_MS,
  splitCapBps: 0,
  refundSpacingMs: MINUTE_MS,
  refundWindowMs: 90 * DAY_MS,
  refundCountMax: 10,
  holdDaysMax: 30,
  custody: 'settles_directly',
  bills: [],
  pollDelaysMs: [5_000, 10_000, 30_000, MINUTE_MS],
} satisfies Capabilities);
`;
}

function credentials(name: string): string {
  const Name = capital(name);
  return `/**
 * What a merchant at ${Name} is configured with; both ends know this shape. Each field says what it
 * is and where it is found: \`hutong wallet template\` and the reference are made of that.
 */
import { type Static, Type } from 'typebox';

export const ${name}CredentialsSchema = Type.Object(
  {
    merchantId: Type.String({
      ...{ minLength: 1, maxLength: 64 },
      description: 'the merchant number, at most 64 characters',
      whereFound: 'merchant console',
    }),
    endpoints: Type.Object(
      {
        gateway: Type.String({
          ...{ pattern: '^https?://', maxLength: 512 },
          description: 'the address of the gateway',
        }),
      },
      { additionalProperties: false },
    ),
  },
  { additionalProperties: false },
);

/** A seller's number there. */
export const ${name}MerchantSchema = Type.String({
  pattern: '^[0-9A-Za-z]{1,64}$',
  description: 'at most 64 letters and digits',
});

export type ${Name}Credentials = Static<typeof ${name}CredentialsSchema>;
`;
}

function config(name: string): string {
  const Name = capital(name);
  return `/** Opens credentials: says which field is wrong, and never repeats a key. */
import type { Result } from '../../kernel/result.ts';
import type { WalletIdentity } from '../../kernel/wallet-names.ts';
import { type ${Name}Credentials, ${name}CredentialsSchema } from '../../wires/${name}/credentials.ts';
import { type ConfigProblem, checkCredentials } from '../credentials.ts';

/** Of README.md, with its source; TEST_ENDPOINTS and TEST_DOMAINS where it has a test gateway. */
export const LIVE_ENDPOINTS = { gateway: 'https://gateway.${name}.example' };

export function openConfig(given: unknown): Result<${Name}Credentials, ConfigProblem> {
  return checkCredentials(${name}CredentialsSchema, given);
}

/** Every number that its orders are made under; another one is another account. */
export function identityOf({ merchantId }: ${Name}Credentials): WalletIdentity {
  return { merchant_id: merchantId };
}
`;
}

function answer(name: string): string {
  return `/**
 * ${capital(name)}'s words to reports. Every status that its documents name gets a row; every other
 * one is \`unknown\`, and is asked about again (rule 2).
 */
import type { LegReportStatus } from '../../core/wallet/report.ts';

const STATUSES: ReadonlyMap<string, LegReportStatus> = new Map();

export function legStatusOf(word: string): LegReportStatus {
  return STATUSES.get(word) ?? 'unknown';
}
`;
}

function notify(name: string): string {
  return `/**
 * ${capital(name)}'s callbacks: verified first, over the raw bytes, then read. Until the wire has
 * the signature, nothing can be verified, so every callback is refused.
 */
import { err, type Result } from '../../kernel/result.ts';
import type { Notification, NotificationRefusal, RawRequest } from '../wallet.ts';

/** No genuine callback of this wallet is longer. */
export const NOTIFICATION_BYTES_MAX = 16_384;

export async function parseNotification(
  _request: RawRequest,
): Promise<Result<Notification, NotificationRefusal>> {
  return err({ code: 'bad_signature', explain: 'no signature of ${name} can be verified yet' });
}
`;
}

function adapter(name: string): string {
  const Name = capital(name);
  return `/**
 * ${Name} behind the wallet port. It has no wire yet, so it knows nothing and says so:
 * \`unknown\` is the one answer that never loses money.
 */
import { silentRefund } from '../../core/wallet/report.ts';
import { ${name}CredentialsSchema, ${name}MerchantSchema } from '../../wires/${name}/credentials.ts';
import { plainText, refuseWithFail } from '../answers.ts';
import { defineWallet, type Wallet } from '../wallet.ts';
import { capabilities } from './capabilities.ts';
import { identityOf, LIVE_ENDPOINTS, openConfig } from './config.ts';
import { NOTIFICATION_BYTES_MAX, parseNotification } from './notify.ts';

export const ${name} = defineWallet({
  name: '${name}',
  capabilities,
  notificationBytesMax: NOTIFICATION_BYTES_MAX,
  configSchema: ${name}CredentialsSchema,
  openConfig,
  identityOf,
  merchantSchema: ${name}MerchantSchema,
  endpointsOf: ({ endpoints }) => endpoints,
  liveEndpoints: LIVE_ENDPOINTS,
  open: openWallet,
});

function openWallet(): Wallet {
  return {
    hasCartContract: false,
    startAttempt: async () => ({ outcome: 'unknown', walletError: null }),
    queryAttempt: async () => ({ outcome: 'unknown', walletError: null }),
    closeAttempt: async () => ({ outcome: 'unknown', walletError: null }),
    refund: async () => silentRefund('unknown'),
    queryRefund: async () => silentRefund('unknown'),
    parseNotification,
    acknowledge: () => plainText(200, 'success'),
    refuse: refuseWithFail,
    payerAuthorization: null,
  };
}
`;
}

function account(name: string): string {
  const Name = capital(name);
  return `/** Papers of a marketplace at the city's ${Name}: made once, kept by the city. */
import type { AccountRequest, CityKit, MadeAccount } from '../../kit/kit.ts';
import type { ${Name}Credentials } from '../../../src/wires/${name}/credentials.ts';

export async function make${Name}Account(
  kit: CityKit,
  request: AccountRequest,
): Promise<MadeAccount> {
  const merchantId = \`${name}\${kit.random.bytes(6).toString('hex')}\`;
  const endpoints = { gateway: kit.publicUrl };
  const credentials: ${Name}Credentials = { merchantId, endpoints };
  const subMerchants = request.subMerchantNames.map((name, index) => ({
    name,
    walletMerchant: \`\${merchantId}\${String(index + 1).padStart(3, '0')}\`,
  }));
  return { credentials, papers: { merchant_id: merchantId }, subMerchants };
}
`;
}

function gateway(name: string): string {
  const Name = capital(name);
  return `/**
 * The city's ${Name}: answers at the wallet's own paths, exactly as the wallet does. It owns no
 * path and no code until its wire is written.
 */
import type { CityKit, Gateway } from '../../kit/kit.ts';

export function open${Name}Gateway(_kit: CityKit): Gateway {
  return {
    wallet: '${name}',
    owns: () => false,
    handle: async () => ({ status: 404, headers: {}, body: 'no such path' }),
    scan: async () => undefined,
    pay: async () => ({ status: 'unknown_code' }),
    orders: () => [],
    nextDueMs: () => null,
    runDue: async () => undefined,
  };
}
`;
}

function nextSteps(name: string): string {
  return `Wrote src/wallets/${name}, src/wires/${name}, sandbox/gateways/${name} and its lines in
src/kernel/wallet-names.ts, src/wallets/registry.ts and sandbox/gateways/all.ts. Next, in this order
(docs/guides/add-a-wallet.md):

  1. src/wallets/${name}/README.md   every question answered, each with its source: no spec, no code
  2. npx tsc --noEmit               names the tables that must know the wallet: texts, marks, hosts
  3. src/wires/${name}              bytes and signatures, against the wallet's published examples
  4. answer.ts                      every documented status; the rest stays unknown
  5. adapter.ts, notify.ts          the port
  6. sandbox/gateways/${name}       the gateway, which imports the wire and never the adapter
  7. npx vitest run test/contract/wallets.test.ts -t ${name}   fails now; done when it passes
  8. npm run docs:wallets, npm run openapi, npm test
`;
}

const [script, name, ...more] = process.argv.slice(1);
if (script !== undefined && path.resolve(script) === fileURLToPath(import.meta.url)) {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const problem =
    name === undefined || more.length > 0 ? 'one name is wanted' : newWallet(root, name);
  if (problem !== undefined || name === undefined) {
    console.error(`new-wallet: ${problem}\n${USAGE}`);
    process.exit(2);
  }
  // The lists are kept sorted and formatted by the same program that checks them.
  const biome = path.join(root, 'node_modules/@biomejs/biome/bin/biome');
  const paths = [...filesOf(name).keys(), ...lists(name).map(({ file }) => file)];
  spawnSync(process.execPath, [biome, 'check', '--write', ...paths], { cwd: root });
  process.stdout.write(nextSteps(name));
}
