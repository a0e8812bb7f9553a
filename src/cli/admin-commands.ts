/** The operator's commands: `hutong marketplace | key | wallet | account | interconnect`. */
import path from 'node:path';
import type { Command } from 'commander';
import { wallClock } from '../runtime/clock.ts';
import {
  createKey,
  createMarketplace,
  endKey,
  listMarketplaces,
  parseAllowFrom,
  parseExpiry,
  printInterconnects,
  printKeys,
  setAccount,
  setInterconnect,
} from './admin.ts';
import type { AdminContext } from './admin-session.ts';
import { verifyAudit } from './audit.ts';
import { listWallets, setWallet, setWalletStatus } from './wallet-admin.ts';
import { printTemplate } from './wallet-template.ts';

export function addAdminCommands(program: Command, context: AdminContext): void {
  addMarketplaceCommands(program, context);
  addKeyCommands(program, context);
  addWalletCommands(program, context);
  addInterconnectCommands(program, context);
  addAuditCommands(program, context);
}

function addMarketplaceCommands(program: Command, context: AdminContext): void {
  const { print, inSession } = context;
  const marketplace = program.command('marketplace').description('the tenants of this platform');
  marketplace
    .command('add <name>')
    .description('make a marketplace, or change its display name')
    .option('--display-name <text>', 'what buyers read; the name otherwise')
    .action((name: string, flags: { readonly displayName?: string }) =>
      inSession((session) =>
        createMarketplace(session, { name, displayName: flags.displayName ?? name }, print),
      ),
    );
  marketplace
    .command('list')
    .description('all marketplaces')
    .action(() => inSession((session) => listMarketplaces(session, print)));
}

interface KeyFlags {
  readonly scopes: string;
  readonly live: boolean;
  readonly expires?: string;
  readonly allowFrom?: string;
}

function addKeyCommands(program: Command, context: AdminContext): void {
  const { print, inSession } = context;
  const key = program.command('key').description('API keys of a marketplace');
  key
    .command('create <marketplace>')
    .description('make a key; it is shown once and kept only as a hash')
    .option('--scopes <list>', 'comma separated, such as payment_intents:read', '*')
    .option('--live', 'for live payments and wallets (sk_live_…), and no test ones', false)
    .option('--expires <when>', 'refused from then on: 90d, or 2027-01-31')
    .option('--allow-from <ranges>', 'refused from elsewhere: 203.0.113.7,10.0.0.0/8')
    .action((marketplace: string, flags: KeyFlags) => {
      const scopes = flags.scopes.split(',').map((scope) => scope.trim());
      const { expires } = flags;
      const expiresAtMs = expires === undefined ? null : parseExpiry(expires, wallClock.nowMs());
      const allowFrom = flags.allowFrom === undefined ? null : parseAllowFrom(flags.allowFrom);
      const input = { marketplace, scopes, isLive: flags.live, expiresAtMs, allowFrom };
      return inSession((session) => createKey(session, input, print));
    });
  key
    .command('list <marketplace>')
    .description('keys by their first characters')
    .action((name: string) => inSession((session) => printKeys(session, name, print)));
  key
    .command('revoke <id>')
    .description('end a key (key_…)')
    .action((id: string) => inSession((session) => endKey(session, id, print)));
}

interface WalletFlags {
  readonly directSettlement?: boolean;
  readonly beside: boolean;
  readonly moveAccounts: boolean;
  readonly dryRun: boolean;
}

interface AccountFlags {
  readonly feeBps: string;
  readonly consented: boolean;
  readonly withdrawn: boolean;
  readonly config?: string;
}

const WALLET_HELP = `
Credentials of an account that is known (the same mchid and appid, app_id and pid, merId or
merchant) renew its configuration in place. Those of another account are a configuration beside it;
the ones that were active retire: nothing new starts there, and what they hold is still verified,
asked about and refunded. --dry-run says which it would be, and what still hangs on the old one.`;

function addWalletCommands(program: Command, context: AdminContext): void {
  const { print, inSession } = context;
  const wallet = program
    .command('wallet')
    .description("a marketplace's accounts at the wallets: template, set, list, retire, activate");
  for (const command of [wallet, wallet.command('set')]) {
    command
      .arguments('<marketplace> <wallet> <file>')
      .option('--direct-settlement', 'the wallet may pay merchants at once, before receipt')
      .option('--no-direct-settlement', 'it may not: such a wallet is not offered')
      .option('--beside', 'another account: those that are active stay active', false)
      .option('--move-accounts', 'another account: merchants keep their numbers there', false)
      .option('--dry-run', 'only say what it would do', false)
      .addHelpText('after', WALLET_HELP)
      .action((marketplace: string, name: string, file: string, flags: WalletFlags) => {
        const input = {
          ...{ marketplace, wallet: name, file: path.resolve(context.cwd, file) },
          acceptsDirectSettlement: flags.directSettlement ?? null,
          keepsActive: flags.beside,
          movesAccounts: flags.moveAccounts,
          isRehearsal: flags.dryRun,
        };
        return inSession((session, own) => setWallet(session, own, input, print));
      });
  }
  addTemplateCommand(wallet, context);
  addWalletStatusCommands(wallet, context);
  addAccountCommand(program, context);
}

interface TemplateFlags {
  readonly choose: readonly string[];
  readonly all: boolean;
  readonly test: boolean;
  readonly explain: boolean;
}

function addTemplateCommand(wallet: Command, { print, aside }: AdminContext): void {
  wallet
    .command('template <wallet>')
    .description('a credentials file to fill in, with what each field is: … > wechatpay.json')
    .option('--choose <field=word...>', 'such as keys.mode=certificate, signing.method=12', [])
    .option('--all', 'with the fields that may be left out', false)
    .option('--test', "at the wallet's own test gateway, where it has one", false)
    .option('--explain', 'only what the fields are and where they are found', false)
    .action((name: string, flags: TemplateFlags) => {
      const { choose: choices, all: hasOptional, test: isTest, explain: isExplanation } = flags;
      const input = { wallet: name, choices, hasOptional, isTest, isExplanation };
      printTemplate(input, { print, aside });
    });
}

function addWalletStatusCommands(wallet: Command, context: AdminContext): void {
  const { print, inSession } = context;
  wallet.commands
    .find((command) => command.name() === 'set')
    ?.description('give a wallet its credentials, from a JSON file (sealed at rest)');
  wallet
    .command('list [marketplace]')
    .description('configurations, whose accounts they are, and what still hangs on each')
    .action((name: string | undefined) =>
      inSession((session) => listWallets(session, name, print)),
    );
  wallet
    .command('retire <id>')
    .description('start nothing new there (wc_…); what it holds is still finished there')
    .action((id: string) =>
      inSession((session) => setWalletStatus(session, id, 'retiring', print)),
    );
  wallet
    .command('activate <id>')
    .description('offer it (again); others of the same wallet stay as they are')
    .action((id: string) => inSession((session) => setWalletStatus(session, id, 'active', print)));
}

function addAccountCommand(program: Command, context: AdminContext): void {
  const { print, inSession } = context;
  program
    .command('account <marketplace> <merchant> <wallet> <wallet-merchant>')
    .description("a merchant's sub_mchid or smid at a wallet; <merchant>: mer_… or your own number")
    .option('--fee-bps <number>', 'expected fee in basis points', '60')
    .option('--config <id>', 'paid through this configuration (wc_…), not the newest active')
    .option('--consented', 'the merchant has agreed to this wallet (rule 10)', false)
    .option('--withdrawn', 'it agrees no longer: offered no more, within a second', false)
    .action(
      (marketplace: string, merchant: string, wallet: string, own: string, flags: AccountFlags) =>
        inSession((session) => {
          const { consented: hasConsented, withdrawn: withdrawsConsent } = flags;
          const agreed = { hasConsented, withdrawsConsent };
          const feeBps = Number(flags.feeBps);
          const walletMerchant = own;
          const config = flags.config ?? null;
          const whose = { marketplace, merchant, wallet, walletMerchant };
          return setAccount(session, { ...whose, ...agreed, feeBps, config }, print);
        }),
    );
}

function addAuditCommands(program: Command, context: AdminContext): void {
  const { print, inSession } = context;
  program
    .command('audit')
    .description('who changed what: the audit log')
    .command('verify')
    .description('follow every chain of the log, print its head; exit 1 where a row was changed')
    .action(() => inSession(({ cells }) => verifyAudit(cells, print)));
}

function addInterconnectCommands(program: Command, context: AdminContext): void {
  const { print, inSession } = context;
  const interconnect = program
    .command('interconnect')
    .description("which wallets may pay by another wallet's code");
  interconnect
    .command('list <marketplace>')
    .description('all pairs, payer wallet -> acceptor wallet')
    .action((name: string) => inSession((session) => printInterconnects(session, name, print)));
  interconnect
    .command('set <marketplace> <payer-wallet> <acceptor-wallet>')
    .description("let the payer's wallet scan codes of the acceptor")
    .option('--paused', 'stop offering the pair', false)
    .action((marketplace: string, payer: string, acceptor: string, flags: { paused: boolean }) =>
      inSession((session) => {
        const status = flags.paused ? 'paused' : 'active';
        return setInterconnect(session, { marketplace, payer, acceptor, status }, print);
      }),
    );
}
