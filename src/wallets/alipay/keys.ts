/**
 * Whose signature is it? In key mode there is one key. In certificate mode answers to our calls
 * name their certificate; callbacks and return URLs do not, so any trusted certificate, configured
 * or fetched, may have signed them. An unknown certificate named by an answer is fetched
 * (alipay.open.app.alipaycert.download) and used only if chain, validity and subject match the
 * pinned root. After a rotation that no answer has shown yet, a callback that no key verifies
 * triggers one query, whose answer names the current certificate. Anyone may send such a callback,
 * so these queries are spread evenly over the minute; their answer is the same whoever caused them,
 * and a real rotation waits for one interval at most.
 */
import type { KeyObject } from 'node:crypto';
import { err, ok, type Result } from '../../kernel/result.ts';
import type { Clock } from '../../runtime/clock.ts';
import { createTokenBucket } from '../../runtime/token-bucket.ts';
import {
  certificateSn,
  distrust,
  readCertificates,
  validToMs,
} from '../../wires/alipay/certificates.ts';
import { verifyRsa2 } from '../../wires/alipay/signature.ts';
import type { AlipayConfig, CertificateMode } from './config.ts';

export type Verdict = 'valid' | 'bad_signature' | 'unknown_key';

export interface Keys {
  /** An answer to a call of ours; it names its certificate. */
  readonly verifyAnswer: (signed: {
    readonly text: string;
    readonly sign: string;
    readonly certSn: string | null;
  }) => Promise<Verdict>;
  /** An unsolicited message: the first of these texts that any key verifies. */
  readonly verifyMessage: (signed: {
    readonly texts: readonly string[];
    readonly sign: string;
    /** Alipay's own callbacks name no certificate. */
    readonly certSn: string | null;
  }) => Promise<Result<string, Exclude<Verdict, 'valid'>>>;
}

export interface Questions {
  /** The PEM text behind a serial number, unverified. */
  readonly download: (certSn: string) => Promise<string | undefined>;
  /** Any call; its answer is verified, so it provides the current certificate. */
  readonly ask: () => Promise<void>;
}

const RETRY_AFTER_MS = 30_000;
const QUESTIONS = { burst: 3, refill: 1, everyMs: 10_000 } as const;
const REFUSED_COUNT_MAX = 64;
const FETCHED_COUNT_MAX = 16;

export function openKeys(trust: AlipayConfig['trust'], wall: Clock, questions: Questions): Keys {
  if (trust.mode === 'key') return oneKey(trust.alipayKey);
  const certificates = openCertificates(trust, wall, questions.download);
  const learn = counted(wall, (certSn) =>
    certSn === null ? questions.ask() : certificates.find(certSn),
  );
  return {
    verifyAnswer: async ({ text, sign, certSn }) => {
      if (certSn === null) {
        const signed = await firstSigned(certificates.all(), [text], sign);
        return signed === undefined ? 'bad_signature' : 'valid';
      }
      const key = await certificates.find(certSn);
      if (key === undefined) return 'unknown_key';
      return (await verifyRsa2(text, sign, key)) ? 'valid' : 'bad_signature';
    },
    verifyMessage: async ({ texts, sign, certSn }) => {
      const before = certificates.all();
      const signed = await firstSigned(before, texts, sign);
      if (signed !== undefined) return ok(signed);
      await learn(certSn);
      const learned = certificates.all().filter((key) => !before.includes(key));
      const signedNow = await firstSigned(learned, texts, sign);
      if (signedNow !== undefined) return ok(signedNow);
      return err(certificates.isUnknown(certSn) ? 'unknown_key' : 'bad_signature');
    },
  };
}

function oneKey(key: KeyObject): Keys {
  return {
    verifyAnswer: async ({ text, sign }) =>
      (await verifyRsa2(text, sign, key)) ? 'valid' : 'bad_signature',
    verifyMessage: async ({ texts, sign }) => {
      const signed = await firstSigned([key], texts, sign);
      return signed === undefined ? err('bad_signature') : ok(signed);
    },
  };
}

async function firstSigned(
  keys: readonly KeyObject[],
  texts: readonly string[],
  sign: string,
): Promise<string | undefined> {
  for (const key of keys) {
    for (const text of texts) if (await verifyRsa2(text, sign, key)) return text;
  }
  return undefined;
}

type Learn = (certSn: string | null) => Promise<unknown>;

/** One at a time; concurrent callers wait for it. */
function counted(wall: Clock, learn: Learn): Learn {
  const questions = createTokenBucket(wall, QUESTIONS);
  let underWay: Promise<unknown> | undefined;
  return async (certSn) => {
    if (underWay === undefined && questions.take()) {
      underWay = learn(certSn).finally(() => {
        underWay = undefined;
      });
    }
    await underWay;
  };
}

interface Certificates {
  readonly find: (certSn: string) => Promise<KeyObject | undefined>;
  /** The newest first. */
  readonly all: () => readonly KeyObject[];
  /** Named, but not trusted. */
  readonly isUnknown: (certSn: string | null) => boolean;
}

interface Fetched {
  readonly key: KeyObject;
  readonly validToMs: number;
}

function openCertificates(
  trust: CertificateMode,
  wall: Clock,
  download: Questions['download'],
): Certificates {
  const fetched = new Map<string, Fetched>();
  const refusedAtMs = new Map<string, number>();
  const underWay = new Map<string, Promise<KeyObject | undefined>>();

  function known(certSn: string): KeyObject | undefined {
    const found = fetched.get(certSn);
    const isValid = found !== undefined && wall.nowMs() < found.validToMs;
    return trust.alipayKeys.get(certSn) ?? (isValid ? found.key : undefined);
  }

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
      const [oldest] = fetched.keys();
      if (fetched.size >= FETCHED_COUNT_MAX && oldest !== undefined) fetched.delete(oldest);
      fetched.set(certSn, { key: leaf.publicKey, validToMs: validToMs(leaf) });
      return leaf.publicKey;
    }
    if (refusedAtMs.size >= REFUSED_COUNT_MAX) refusedAtMs.clear();
    refusedAtMs.set(certSn, wall.nowMs());
    return undefined;
  }

  return {
    isUnknown: (certSn) => certSn !== null && known(certSn) === undefined,
    all: () => {
      const live = [...fetched.values()].filter((one) => wall.nowMs() < one.validToMs);
      return [...live.map(({ key }) => key).reverse(), ...trust.alipayKeys.values()];
    },
    find: async (certSn) => {
      const key = known(certSn);
      if (key !== undefined) return key;
      if (!/^[0-9a-f]{32}$/.test(certSn)) return undefined;
      const refused = refusedAtMs.get(certSn);
      if (refused !== undefined && wall.nowMs() - refused < RETRY_AFTER_MS) return undefined;
      const running = underWay.get(certSn);
      if (running !== undefined) return running;
      const fetching = fetchKey(certSn).finally(() => underWay.delete(certSn));
      underWay.set(certSn, fetching);
      return fetching;
    },
  };
}
