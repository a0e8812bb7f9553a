/**
 * The accounts of the city's merchants: created once, kept in the journal and written to files.
 * `papers.json` holds the demo's marketplace configurations; `demo.json` (when the sandbox runs
 * alone) the credentials for an outside SDK. Both hold private keys: mode 0600. The values stay the
 * same until HUTONG_DIR is deleted, whatever port the city moves to.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WalletName } from '../src/kernel/wallet-names.ts';
import { isObject } from './http/json.ts';
import type { AccountRequest, CityKit, Collection, GatewayMaker, MadeAccount } from './kit/kit.ts';

/** Merchants for outside SDKs, used by no marketplace. */
export const CREDENTIALS_LABEL = 'credentials';

/** What journals of earlier versions call the SDK credentials. */
const EARLIER_NAME = 'papers';

interface KeptAccount {
  readonly publicUrl: string;
  readonly account: Partial<MadeAccount> & { readonly [EARLIER_NAME]?: unknown };
}

/** By label, then by wallet. */
export type Accounts = ReadonlyMap<string, ReadonlyMap<WalletName, MadeAccount>>;

/** Every account of every label at every wallet: the stored one, or a new one. */
export async function openAccounts(options: {
  readonly kit: CityKit;
  readonly makers: readonly GatewayMaker[];
  readonly requests: readonly AccountRequest[];
}): Promise<Accounts> {
  const { kit, makers, requests } = options;
  const kept = kit.journal.collection<KeptAccount>('papers');
  // Keys are generated in parallel: they take most of the first start.
  const opened = await Promise.all(
    requests.map(async (request) => {
      const accounts = await Promise.all(
        makers.map((maker) => openAccount(kit, maker, request, kept)),
      );
      const byWallet = makers.flatMap(({ wallet }, index) => {
        const account = accounts[index];
        return account === undefined ? [] : [[wallet, account] as const];
      });
      return [request.label, new Map(byWallet)] as const;
    }),
  );
  return new Map(opened);
}

async function openAccount(
  kit: CityKit,
  maker: GatewayMaker,
  request: AccountRequest,
  kept: Collection<KeptAccount>,
): Promise<MadeAccount> {
  const key = `${maker.wallet}/${request.label}`;
  const { publicUrl } = kit;
  const old = kept.get(key);
  if (old?.publicUrl === publicUrl) return currentForm(old.account);
  const account =
    old === undefined
      ? await maker.makeAccount(kit, request)
      : (moveUrls(currentForm(old.account), old.publicUrl, publicUrl) as MadeAccount);
  kept.put(key, { publicUrl, account });
  return account;
}

function currentForm({ [EARLIER_NAME]: earlier, ...account }: KeptAccount['account']): MadeAccount {
  return { sdkCredentials: earlier, ...account } as MadeAccount;
}

/** URLs inside credentials follow the city to its new port; keys and numbers stay. */
function moveUrls(value: unknown, from: string, to: string): unknown {
  if (typeof value === 'string') {
    const isInside = value === from || value.startsWith(`${from}/`);
    return isInside ? `${to}${value.slice(from.length)}` : value;
  }
  if (Array.isArray(value)) return value.map((item) => moveUrls(item, from, to));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, moveUrls(item, from, to)]),
  );
}

/** `papers.json`: `{marketplaces:{label:{wallet:{credentials, subMerchants}}}}`. */
export function writeMarketplaces(dir: string, publicUrl: string, accounts: Accounts): void {
  const marketplaces: Record<string, unknown> = {};
  for (const [label, byWallet] of accounts) {
    if (label === CREDENTIALS_LABEL) continue;
    marketplaces[label] = Object.fromEntries(
      [...byWallet].map(([wallet, { credentials, subMerchants }]) => [
        wallet,
        { credentials, subMerchants },
      ]),
    );
  }
  // The platform's start uses the second half for demo.json.
  writePrivate(join(dir, 'papers.json'), { marketplaces, demo: demoFile(publicUrl, accounts) });
}

/** The `demo.json` of a sandbox that runs alone; otherwise the platform's start writes it. */
export function writeDemoCredentials(dir: string, publicUrl: string, accounts: Accounts): void {
  writePrivate(join(dir, 'demo.json'), demoFile(publicUrl, accounts));
}

function demoFile(
  publicUrl: string,
  accounts: Accounts,
): { readonly sandbox: Record<string, string>; readonly credentials: Record<string, unknown> } {
  const own = accounts.get(CREDENTIALS_LABEL) ?? new Map<WalletName, MadeAccount>();
  return {
    sandbox: sandboxUrls(publicUrl),
    credentials: Object.fromEntries(
      [...own].map(([wallet, made]) => [wallet, made.sdkCredentials]),
    ),
  };
}

/** Each gateway's address: all at the root, at their wallets' own paths. */
export function sandboxUrls(publicUrl: string): Record<string, string> {
  return {
    url: publicUrl,
    wechatpay: publicUrl,
    alipay: `${publicUrl}/gateway.do`,
    alipay_v3: publicUrl,
    unionpay: publicUrl,
    jdpay: publicUrl,
  };
}

/** Readers see the old file or the new one, never a partial one. */
function writePrivate(path: string, value: unknown): void {
  const next = `${path}.next`;
  writeFileSync(next, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
  renameSync(next, path);
}
