/** `hutong.merchants`: the sellers of the marketplace. */
import type { PageList } from '../pages.ts';
import type { CallOptions, Transport, WithResponse } from '../transport.ts';
import type { Merchant, MerchantCreateParams, PageParams, WalletAccount } from '../types.ts';

export function merchants({ write, pages }: Transport) {
  return {
    create: (body: MerchantCreateParams, options?: CallOptions): Promise<WithResponse<Merchant>> =>
      write('POST /v1/merchants', { body }, options),

    list: (query: PageParams = {}, options?: CallOptions): PageList<Merchant> =>
      pages('GET /v1/merchants', { query }, options),

    /** Its accounts at the wallets, with the marketplace's own that each is paid through. */
    walletAccounts: (
      id: string,
      query: PageParams = {},
      options?: CallOptions,
    ): PageList<WalletAccount> =>
      pages('GET /v1/merchants/{id}/wallet_accounts', { path: { id }, query }, options),
  };
}

export type Merchants = ReturnType<typeof merchants>;
