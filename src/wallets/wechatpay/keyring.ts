/**
 * The verification keys of one account: a map serial -> key that grows when a certificate serial
 * appears that it does not know. Downloads are single-flight and spaced, so that forged callbacks
 * with invented serials cannot make the platform hammer WeChat Pay. Keys are never forgotten while
 * the process runs; an expired certificate is refused at reading.
 */
import type { KeyObject } from 'node:crypto';
import type { WalletSeams } from '../wallet.ts';
import type { WechatpayConfig } from './config.ts';
import { readCertificateList } from './wire/certificates.ts';
import type { JsonRecord } from './wire/json.ts';

/** Between two downloads that unknown serials cause. */
const REFRESH_SPACING_MS = 5_000;
const CERTIFICATE_SERIAL = /^[0-9A-F]{8,64}$/;

export interface Keyring {
  /** The key of `serial`, downloading the certificate list once if it is not known. */
  readonly find: (serial: string) => Promise<KeyObject | undefined>;
  readonly known: (serial: string) => KeyObject | undefined;
}

export function openKeyring(
  config: WechatpayConfig,
  seams: Pick<WalletSeams, 'wall'>,
  download: () => Promise<JsonRecord | undefined>,
): Keyring {
  const keys = new Map(config.verificationKeys);
  let inFlight: Promise<void> | undefined;
  let nextRefreshMs = 0;

  async function refresh(): Promise<void> {
    const answer = await download();
    if (answer === undefined) return;
    const trust = { nowMs: seams.wall.nowMs(), root: config.platformRoot };
    for (const certificate of readCertificateList(answer, config.apiV3Key, trust)) {
      keys.set(certificate.serial, certificate.publicKey);
    }
  }

  async function find(serial: string): Promise<KeyObject | undefined> {
    const key = keys.get(serial);
    if (key !== undefined || !CERTIFICATE_SERIAL.test(serial)) return key;
    if (inFlight === undefined && seams.wall.nowMs() >= nextRefreshMs) {
      nextRefreshMs = seams.wall.nowMs() + REFRESH_SPACING_MS;
      inFlight = refresh().finally(() => {
        inFlight = undefined;
      });
    }
    await inFlight;
    return keys.get(serial);
  }

  return { find, known: (serial) => keys.get(serial) };
}
