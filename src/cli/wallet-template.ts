/**
 * `hutong wallet template`: a credentials file to fill in, and for each field what it is and where
 * to find it. Generated from the schema that `hutong wallet set` checks, so the two always agree.
 * The file goes to standard output and the explanation to standard error, so `> wechatpay.json`
 * gets only the file.
 */
import { must } from '../kernel/assert.ts';
import type { WalletName } from '../kernel/wallet-names.ts';
import {
  type CredentialField,
  choicesOf,
  credentialFields,
  credentialsTemplate,
} from '../wallets/credentials.ts';
import { walletModule } from '../wallets/registry.ts';
import { type Print, walletNamed } from './admin-names.ts';

export interface TemplateInput {
  readonly wallet: string;
  /** `keys.mode=certificate`: the value of a field with a choice. */
  readonly choices: readonly string[];
  readonly hasOptional: boolean;
  /** Use the wallet's own test gateway, if it has one. */
  readonly isTest: boolean;
  /** Print only the explanation of the fields. */
  readonly isExplanation: boolean;
}

export function printTemplate(
  input: TemplateInput,
  { print, aside }: { readonly print: Print; readonly aside: Print },
): void {
  const wallet = walletNamed(input.wallet);
  const { configSchema, ...module } = must(walletModule(wallet), 'a known wallet');
  const lines = explain(wallet, credentialFields(configSchema));
  if (input.isExplanation) {
    for (const line of lines) print(line);
    return;
  }
  const choices = new Map(input.choices.map((text) => readChoice(configSchema, text)));
  const endpoints = input.isTest ? module.testEndpoints : module.liveEndpoints;
  if (endpoints === undefined)
    throw new Error(
      `${wallet} has no test gateway of its own: the sandbox city stands for it (hutong sandbox)`,
    );
  const wish = { choices, hasOptional: input.hasOptional, endpoints };
  print(JSON.stringify(credentialsTemplate(configSchema, wish), null, 2));
  for (const line of lines) aside(line);
}

function readChoice(
  schema: Parameters<typeof choicesOf>[0],
  text: string,
): readonly [string, string] {
  const all = choicesOf(schema);
  const [field = '', value = ''] = text.split('=');
  if (all.get(field)?.includes(value) === true) return [field, value];
  const known = [...all].map(([name, values]) => `${name}=${values.join('|')}`).join(', ');
  throw new Error(`--choose takes ${known}; not ${text}`);
}

const AS_JSON = [
  '',
  'A key or certificate as one line of JSON; a .pfx as base64:',
  `  node -p 'JSON.stringify(fs.readFileSync("apiclient_key.pem", "utf8"))'`,
  `  node -p 'JSON.stringify(fs.readFileSync("sign.pfx", "base64"))'`,
];

function explain(wallet: WalletName, fields: readonly CredentialField[]): string[] {
  const rows = fields.flatMap(({ field, required, what, whereFound }) => [
    `${field} (${required === 'yes' ? 'required' : required === 'no' ? 'optional' : required})`,
    `    ${what}`,
    ...(whereFound === '' ? [] : [`    found: ${whereFound}`]),
  ]);
  return [
    `${wallet}: fill in what stands in <>; optional fields may be added (--all shows them).`,
    ...['Keep the file as secret as the keys in it, and delete it once it is set.', ''],
    ...rows,
    ...AS_JSON,
    '',
    `then: hutong wallet set MARKETPLACE ${wallet} FILE --dry-run`,
  ];
}
