/** How the city opens one wallet: its gateway, and the accounts of merchants at it. */
import type { WalletName } from '../../src/kernel/wallet-names.ts';
import type { AccountRequest, CityKit, Gateway, MadeAccount } from './kit.ts';

export interface GatewayMaker {
  readonly wallet: WalletName;
  readonly open: (kit: CityKit) => Gateway | Promise<Gateway>;
  readonly makeAccount: (kit: CityKit, request: AccountRequest) => Promise<MadeAccount>;
}
