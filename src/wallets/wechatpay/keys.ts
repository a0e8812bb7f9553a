/**
 * The verification keys of one account: a map serial -> key that grows when an unknown certificate
 * serial appears. A download returns the whole list, whichever serial requested it, so downloads
 * are single-flight and spread evenly over the minute: whoever used them up, a real rotation waits
 * for twelve seconds at most. A downloaded key expires with its certificate.
 *
 * Who may trigger one: answers to our own calls, and callbacks that decrypted with the APIv3 key.
 */
import type { KeyObject } from 'node:crypto';
import { createTokenBucket } from '../../runtime/token-bucket.ts';
import { readCertificateList } from '../../wires/wechatpay/certificates.ts';
import type { JsonRecord } from '../../wires/wechatpay/json.ts';
import type { WalletSeams } from '../wallet.ts';
import type { WechatpayConfig } from './config.ts';

/** Five a minute. */
const REFRESHES = { burst: 5, refill: 1, everyMs: 12_000 } as const;
const CERTIFICATE_SERIAL = /^[0-9A-F]{8,64}$/;

export interface Keys {
  /** The key of `serial`, downloading the certificate list once if it is not known. */
  readonly find: (serial: string) => Promise<KeyObject | undefined>;
  readonly known: (serial: string) => KeyObject | undefined;
  /** Known, or obtainable by a download: public keys have no list to be downloaded from. */
  readonly mayBeKnown: (serial: string) => boolean;
}

interface KnownKey {
  readonly key: KeyObject;
  readonly expiresMs: number;
}

export function openKeys(
  config: WechatpayConfig,
  seams: Pick<WalletSeams, 'wall'>,
  download: () => Promise<JsonRecord | undefined>,
): Keys {
  const downloaded = new Map<string, KnownKey>();
  let inFlight: Promise<void> | undefined;
  const refreshes = createTokenBucket(seams.wall, REFRESHES);

  async function refresh(): Promise<void> {
    const answer = await download();
    if (answer === undefined) return;
    const trust = { nowMs: seams.wall.nowMs(), root: config.platformRoot };
    for (const { serial, publicKey, expiresMs } of readCertificateList(
      answer,
      config.apiV3Key,
      trust,
    )) {
      downloaded.set(serial, { key: publicKey, expiresMs });
    }
  }

  function known(serial: string): KeyObject | undefined {
    const configured = config.verificationKeys.get(serial);
    if (configured !== undefined) return configured;
    const found = downloaded.get(serial);
    return found !== undefined && seams.wall.nowMs() < found.expiresMs ? found.key : undefined;
  }

  async function find(serial: string): Promise<KeyObject | undefined> {
    const key = known(serial);
    if (key !== undefined || !CERTIFICATE_SERIAL.test(serial)) return key;
    if (inFlight === undefined && refreshes.take()) {
      inFlight = refresh().finally(() => {
        inFlight = undefined;
      });
    }
    await inFlight;
    return known(serial);
  }

  const mayBeKnown = (serial: string) =>
    known(serial) !== undefined || CERTIFICATE_SERIAL.test(serial);
  return { find, known, mayBeKnown };
}
