/**
 * The verification keys of one account: a map serial -> key that grows when a certificate serial
 * appears that it does not know. Downloads are single-flight and counted, so that forged callbacks
 * with invented serials cannot make the platform hammer WeChat Pay. Keys are never forgotten while
 * the process runs; an expired certificate is refused at reading.
 */
import type { KeyObject } from 'node:crypto';
import type { WalletSeams } from '../wallet.ts';
import type { WechatpayConfig } from './config.ts';
import { readCertificateList } from './wire/certificates.ts';
import type { JsonRecord } from './wire/json.ts';

/** Downloads that unknown serials may cause in one window, whoever invents them. */
const REFRESH_COUNT_MAX = 5;
const REFRESH_WINDOW_MS = 60_000;
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
  let refreshedAtMs: readonly number[] = [];

  async function refresh(): Promise<void> {
    const answer = await download();
    if (answer === undefined) return;
    const trust = { nowMs: seams.wall.nowMs(), root: config.platformRoot };
    for (const certificate of readCertificateList(answer, config.apiV3Key, trust)) {
      keys.set(certificate.serial, certificate.publicKey);
    }
  }

  function mayRefresh(): boolean {
    const nowMs = seams.wall.nowMs();
    const recent = refreshedAtMs.filter((atMs) => nowMs - atMs < REFRESH_WINDOW_MS);
    if (recent.length >= REFRESH_COUNT_MAX) return false;
    refreshedAtMs = [...recent, nowMs];
    return true;
  }

  async function find(serial: string): Promise<KeyObject | undefined> {
    const key = keys.get(serial);
    if (key !== undefined || !CERTIFICATE_SERIAL.test(serial)) return key;
    if (inFlight === undefined && mayRefresh()) {
      inFlight = refresh().finally(() => {
        inFlight = undefined;
      });
    }
    await inFlight;
    return keys.get(serial);
  }

  return { find, known: (serial) => keys.get(serial) };
}
