/** The operator's commands: `hutong marketplace | key | wallet | account | interconnect`. */
import type { Command } from 'commander';
import {
  atDesk,
  createKey,
  createMarketplace,
  endKey,
  listMarketplaces,
  type Print,
  printInterconnects,
  printKeys,
  setAccount,
  setInterconnect,
  setWallet,
} from './admin.ts';
import type { Settings } from './settings.ts';

export function addAdminCommands(program: Command, settings: () => Settings, print: Print): void {
  addMarketplaceCommands(program, settings, print);
  addKeyCommands(program, settings, print);
  addWalletCommands(program, settings, print);
  addInterconnectCommands(program, settings, print);
}

function addMarketplaceCommands(program: Command, settings: () => Settings, print: Print): void {
  const marketplace = program.command('marketplace').description('the tenants of this platform');
  marketplace
    .command('add <name>')
    .description('make a marketplace, or change its display name')
    .option('--display-name <text>', 'what buyers read; the name otherwise')
    .action((name: string, flags: { readonly displayName?: string }) =>
      atDesk(settings(), (desk) =>
        createMarketplace(desk, { name, displayName: flags.displayName ?? name }, print),
      ),
    );
  marketplace
    .command('list')
    .description('all marketplaces')
    .action(() => atDesk(settings(), (desk) => listMarketplaces(desk, print)));
}

function addKeyCommands(program: Command, settings: () => Settings, print: Print): void {
  const key = program.command('key').description('API keys of a marketplace');
  key
    .command('create <marketplace>')
    .description('make a key; it is shown once and kept only as a hash')
    .option('--scopes <list>', 'comma separated, such as payment_intents:read', '*')
    .option('--live', 'mark it as live (sk_live_…)', false)
    .action((marketplace: string, flags: { readonly scopes: string; readonly live: boolean }) => {
      const scopes = flags.scopes.split(',').map((scope) => scope.trim());
      return atDesk(settings(), (desk) =>
        createKey(desk, { marketplace, scopes, isLive: flags.live }, print),
      );
    });
  key
    .command('list <marketplace>')
    .description('keys by their first characters')
    .action((name: string) => atDesk(settings(), (desk) => printKeys(desk, name, print)));
  key
    .command('revoke <id>')
    .description('end a key (key_…)')
    .action((id: string) => atDesk(settings(), (desk) => endKey(desk, id, print)));
}

interface WalletFlags {
  readonly directSettlement?: boolean;
}

interface AccountFlags {
  readonly feeBps: string;
  readonly consented: boolean;
}

function addWalletCommands(program: Command, settings: () => Settings, print: Print): void {
  program
    .command('wallet <marketplace> <wallet> <file>')
    .description("set a marketplace's credentials at a wallet from a JSON file (sealed at rest)")
    .option('--direct-settlement', 'the wallet may pay merchants at once, before receipt')
    .option('--no-direct-settlement', 'it may not: such a wallet is not offered')
    .action((marketplace: string, wallet: string, file: string, flags: WalletFlags) => {
      const own = settings();
      const acceptsDirectSettlement = flags.directSettlement ?? null;
      const input = { marketplace, wallet, file, acceptsDirectSettlement };
      return atDesk(own, (desk) => setWallet(desk, own, input, print));
    });
  program
    .command('account <marketplace> <merchant> <wallet> <wallet-merchant>')
    .description("a merchant's sub_mchid or smid at a wallet; <merchant>: mer_… or your own number")
    .option('--fee-bps <number>', 'expected fee in basis points', '60')
    .option('--consented', 'the merchant has agreed to this wallet (rule 10)', false)
    .action(
      (marketplace: string, merchant: string, wallet: string, own: string, flags: AccountFlags) =>
        atDesk(settings(), (desk) => {
          const { consented: hasConsented } = flags;
          const feeBps = Number(flags.feeBps);
          const walletMerchant = own;
          const input = { marketplace, merchant, wallet, walletMerchant, feeBps, hasConsented };
          return setAccount(desk, input, print);
        }),
    );
}

function addInterconnectCommands(program: Command, settings: () => Settings, print: Print): void {
  const interconnect = program
    .command('interconnect')
    .description("which wallets may pay by another wallet's code");
  interconnect
    .command('list <marketplace>')
    .description('all pairs, payer wallet -> acceptor wallet')
    .action((name: string) => atDesk(settings(), (desk) => printInterconnects(desk, name, print)));
  interconnect
    .command('set <marketplace> <payer-wallet> <acceptor-wallet>')
    .description("let the payer's wallet scan codes of the acceptor")
    .option('--paused', 'stop offering the pair', false)
    .action((marketplace: string, payer: string, acceptor: string, flags: { paused: boolean }) =>
      atDesk(settings(), (desk) => {
        const status = flags.paused ? 'paused' : 'active';
        return setInterconnect(desk, { marketplace, payer, acceptor, status }, print);
      }),
    );
}
