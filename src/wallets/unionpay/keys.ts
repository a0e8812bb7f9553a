/**
 * UnionPay's encryption certificate: the configured one while it is valid, else the one that a key
 * update (95) gives. What is fetched counts only when its chain, validity and subject hold against
 * the pinned root, as for a signer. Kept in memory, fetched once for all who wait.
 */
import type { X509Certificate } from 'node:crypto';
import type { Clock } from '../../runtime/clock.ts';
import { checkSigner, readCertificate } from '../../wires/unionpay/certificates.ts';
import { PATHS } from '../../wires/unionpay/trade.ts';
import type { UnionpayClient } from './client.ts';
import type { UnionpayAccount } from './config.ts';
import { keyUpdateFields } from './request.ts';

/** undefined = none is to be had now. */
export type EncryptionKey = () => Promise<X509Certificate | undefined>;

export function openEncryptionKey(
  account: UnionpayAccount,
  client: UnionpayClient,
  wall: Clock,
): EncryptionKey {
  let kept = account.encryptCert ?? undefined;
  let fetching: Promise<X509Certificate | undefined> | undefined;
  return async () => {
    if (kept !== undefined && wall.nowMs() < Date.parse(kept.validTo)) return kept;
    fetching ??= fetchKey(account, client, wall).finally(() => {
      fetching = undefined;
    });
    kept = await fetching;
    return kept;
  };
}

async function fetchKey(
  account: UnionpayAccount,
  client: UnionpayClient,
  wall: Clock,
): Promise<X509Certificate | undefined> {
  const { trust } = account;
  if (trust.method !== '01') return undefined;
  const called = await client.call(PATHS.back, keyUpdateFields(account, wall.nowMs()));
  if (called.kind !== 'answered' || called.respCode !== '00') return undefined;
  const certificate = readCertificate(called.fields.get('encryptPubKeyCert') ?? '');
  if (certificate === undefined) return undefined;
  return checkSigner(certificate, trust.anchors, wall.nowMs()) === undefined
    ? certificate
    : undefined;
}
