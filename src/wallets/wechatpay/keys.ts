/**
 * The verification keys of one account: a map serial -> key that grows when a certificate serial
 * appears that it does not know. A download brings the whole list, whichever serial asked for it,
 * so downloads are single-flight and counted evenly over the minute: whoever has spent them, a real
 * rotation waits for twelve seconds at most. A downloaded key ends with its certificate.
 *
 * Who may ask: answers to our own calls, and callbacks that opened with the APIv3 key.
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
  /** It is, or a download could bring it: public keys have no list to be downloaded from. */
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
