/**
 * Whose signature is it? In key mode there is one key. In certificate mode the message names a
 * certificate; an unknown one is fetched once (alipay.open.app.alipaycert.download) and counts only
 * when chain, validity and subject hold against the pinned root.
 *
 * Fetching is bounded: anyone may send us a callback that names any serial number.
 */
import type { KeyObject } from 'node:crypto';
import type { Clock } from '../../runtime/clock.ts';
import type { AlipayAccount, CertificateMode } from './config.ts';
import { certificateSn, distrust, readCertificates } from './wire/certificate.ts';
import { verifyRsa2 } from './wire/rsa.ts';

export type Verdict = 'valid' | 'bad_signature' | 'unknown_key';

export interface AlipayKeys {
  readonly verify: (signed: {
    readonly text: string;
    readonly sign: string;
    readonly certSn: string | null;
  }) => Promise<Verdict>;
}

const RETRY_AFTER_MS = 30_000;
const REFUSED_COUNT_MAX = 64;

export function createAlipayKeys(
  trust: AlipayAccount['trust'],
  wall: Clock,
  /** The PEM text behind a serial number, unverified. */
  download: (certSn: string) => Promise<string | undefined>,
): AlipayKeys {
  const find = trust.mode === 'key' ? undefined : certificateFinder(trust, wall, download);
  return {
    verify: async ({ text, sign, certSn }) => {
      const key = await keyFor(trust, certSn, find);
      if (key === undefined) return 'unknown_key';
      return (await verifyRsa2(text, sign, key)) ? 'valid' : 'bad_signature';
    },
  };
}

type Find = (certSn: string) => Promise<KeyObject | undefined>;

async function keyFor(
  trust: AlipayAccount['trust'],
  certSn: string | null,
  find: Find | undefined,
): Promise<KeyObject | undefined> {
  if (trust.mode === 'key') return trust.alipayKey;
  if (certSn !== null) return find?.(certSn);
  // Return URLs and some messages name no certificate: the only pinned one must have signed.
  const [only, another] = [...trust.alipayKeys.values()];
  return another === undefined ? only : undefined;
}

function certificateFinder(
  trust: CertificateMode,
  wall: Clock,
  download: (certSn: string) => Promise<string | undefined>,
): Find {
  const known = new Map(trust.alipayKeys);
  const refusedAtMs = new Map<string, number>();
  const underWay = new Map<string, Promise<KeyObject | undefined>>();

  async function fetchKey(certSn: string): Promise<KeyObject | undefined> {
    const pem = await download(certSn);
    const chain = pem === undefined ? undefined : readCertificates(pem);
    const leaf = chain?.[0];
    const { roots, subjects } = trust;
    const trusted =
      chain !== undefined &&
      leaf !== undefined &&
      certificateSn(leaf) === certSn &&
      distrust({ chain, roots, subjects, nowMs: wall.nowMs() }) === undefined;
    if (trusted) {
      known.set(certSn, leaf.publicKey);
      return leaf.publicKey;
    }
    if (refusedAtMs.size >= REFUSED_COUNT_MAX) refusedAtMs.clear();
    refusedAtMs.set(certSn, wall.nowMs());
    return undefined;
  }

  return async (certSn) => {
    const key = known.get(certSn);
    if (key !== undefined) return key;
    if (!/^[0-9a-f]{32}$/.test(certSn)) return undefined;
    const refused = refusedAtMs.get(certSn);
    if (refused !== undefined && wall.nowMs() - refused < RETRY_AFTER_MS) return undefined;
    const running = underWay.get(certSn);
    if (running !== undefined) return running;
    // One fetch at a time: a flood of invented serial numbers is not passed on to Alipay.
    if (underWay.size > 0) return undefined;
    const fetching = fetchKey(certSn).finally(() => underWay.delete(certSn));
    underWay.set(certSn, fetching);
    return fetching;
  };
}
