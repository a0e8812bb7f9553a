/** The only list of wallets. Adding one takes a folder and a line here. */
import type { Capabilities } from '../core/wallet/capabilities.ts';
import type { WalletName } from '../kernel/wallet-names.ts';
import { alipay } from './alipay/adapter.ts';
import { jdpay } from './jdpay/adapter.ts';
import { unionpay } from './unionpay/adapter.ts';
import type { WalletModule } from './wallet.ts';
import { wechatpay } from './wechatpay/adapter.ts';

export const WALLETS: ReadonlyMap<WalletName, WalletModule> = new Map(
  [wechatpay, alipay, unionpay, jdpay].map((wallet) => [wallet.name, wallet]),
);

/** The capabilities of each wallet, for core. */
export const CAPABILITIES: ReadonlyMap<WalletName, Capabilities> = new Map(
  [...WALLETS].map(([name, { capabilities }]) => [name, capabilities]),
);

export function walletModule(name: WalletName): WalletModule | undefined {
  return WALLETS.get(name);
}
