/** `hutong.merchants`: sellers, their onboarding at each wallet, and their consent to a rollout. */
import { type PageList, pageList } from '../pages.ts';
import type { CallOptions, Transport, WithResponse } from '../transport.ts';
import type {
  Merchant,
  MerchantCreateParams,
  OnboardingApplication,
  OnboardingParams,
  PageParams,
  WalletAccount,
} from '../types.ts';

export interface Merchants {
  readonly create: (
    params: MerchantCreateParams,
    options?: CallOptions,
  ) => Promise<WithResponse<Merchant>>;
  readonly list: (params?: PageParams, options?: CallOptions) => PageList<Merchant>;
  /** Its accounts at the wallets, with the marketplace's own that each is paid through. */
  readonly walletAccounts: (
    id: string,
    params?: PageParams,
    options?: CallOptions,
  ) => PageList<WalletAccount>;
  readonly createOnboardingApplication: (
    id: string,
    params: OnboardingParams,
    options?: CallOptions,
  ) => Promise<WithResponse<OnboardingApplication>>;
  readonly consent: (
    id: string,
    params: OnboardingParams,
    options?: CallOptions,
  ) => Promise<WithResponse<Merchant>>;
}

export function merchants({ client, send }: Transport): Merchants {
  return {
    create: (body, options) =>
      send('write', (init) => client.POST('/v1/merchants', { ...init, body }), options),
    list: (params, options) =>
      pageList(params ?? {}, (query) =>
        send(
          'read',
          (init) => client.GET('/v1/merchants', { ...init, params: { query } }),
          options,
        ),
      ),
    walletAccounts: (id, params, options) =>
      pageList(params ?? {}, (query) =>
        send(
          'read',
          (init) =>
            client.GET('/v1/merchants/{id}/wallet_accounts', {
              ...init,
              params: { path: { id }, query },
            }),
          options,
        ),
      ),
    createOnboardingApplication: (id, body, options) =>
      send(
        'write',
        (init) =>
          client.POST('/v1/merchants/{id}/onboarding_applications', {
            ...init,
            params: { path: { id } },
            body,
          }),
        options,
      ),
    consent: (id, body, options) =>
      send(
        'write',
        (init) =>
          client.POST('/v1/merchants/{id}/consent', { ...init, params: { path: { id } }, body }),
        options,
      ),
  };
}
