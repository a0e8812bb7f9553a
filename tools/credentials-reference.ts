/**
 * The reference of wallets' credentials, out of their schemas: docs/reference/credentials.md,
 * written by `npm run docs:wallets` and held to the code by a test.
 */
import { credentialFields } from '../src/wallets/credentials.ts';
import { WALLETS } from '../src/wallets/registry.ts';
import type { WalletModule } from '../src/wallets/wallet.ts';

const MODES = 'docs/decisions/0009-key-modes.md';

export function credentialsReferenceMarkdown(): string {
  return [
    '# Credentials',
    '',
    '<!-- Generated from src/wires/*/credentials.ts by `npm run docs:wallets`; do not edit. -->',
    '',
    'The file that `hutong wallet set MARKETPLACE WALLET FILE` reads, wallet by wallet. Write it with',
    'the command line, which prints it with the live addresses and says what each field is:',
    '',
    '```sh',
    'hutong wallet template wechatpay > wechatpay.json   # fill in what stands in <>',
    'hutong wallet set taobao wechatpay wechatpay.json --dry-run',
    'hutong wallet set taobao wechatpay wechatpay.json && rm wechatpay.json',
    '```',
    '',
    '`--choose keys.mode=certificate` writes another variant, `--all` the fields that may be left out,',
    "`--test` the addresses of the wallet's own test gateway, `--explain` the tables below. A dot is a",
    'level of JSON: `endpoints.api` is `{"endpoints": {"api": …}}`. What is required only beside another',
    "field names it. A key's or certificate's text is one line of JSON, its line breaks as `\\n`:",
    '',
    '```sh',
    `node -p 'JSON.stringify(fs.readFileSync("apiclient_key.pem", "utf8"))'`,
    `node -p 'JSON.stringify(fs.readFileSync("sign.pfx", "base64"))'   # a .pfx, as base64`,
    '```',
    '',
    'Setting refuses, by the name of the field: what a wallet could not use, a text that was not filled',
    'in, an address that is neither https nor on this machine, and live addresses beside those of tests',
    `([what is called test](${MODES.replace('docs', '..')})). Configurations that are stored already keep`,
    'working; `hutong doctor` says what it would refuse of them.',
    ...[...WALLETS.values()].flatMap(walletSection),
    '',
  ].join('\n');
}

function walletSection(wallet: WalletModule): string[] {
  const { description = '' } = wallet.merchantSchema as { readonly description?: string };
  return [
    '',
    `## ${wallet.name}`,
    '',
    '| field | required | what it is | where it is found |',
    '| --- | --- | --- | --- |',
    ...credentialFields(wallet.configSchema).map(
      ({ field, required, what, whereFound }) =>
        `| \`${field}\` | ${cell(required)} | ${cell(what)} | ${cell(whereFound)} |`,
    ),
    '',
    `- Live addresses: ${addresses(wallet.liveEndpoints)}.`,
    wallet.testEndpoints === undefined
      ? '- It has no test gateway of its own.'
      : `- Its own test gateway: ${addresses(wallet.testEndpoints)}.`,
    `- A merchant's number there (\`hutong account\`): ${description}.`,
  ];
}

function addresses(endpoints: Readonly<Record<string, string>>): string {
  return Object.entries(endpoints)
    .map(([name, address]) => `\`${name}\` \`${address}\``)
    .join(', ');
}

/** Text of a table's cell: neither its bar nor a tag. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|').replace(/<([\w ]+)>/g, '`<$1>`');
}
