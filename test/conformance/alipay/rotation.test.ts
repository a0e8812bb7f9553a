/**
 * Frozen callbacks as Alipay sends them in certificate mode: none names its certificate. Any
 * trusted certificate may have signed them, configured or fetched, so that a rotation loses none;
 * no other certificate is accepted, though it chains to the same root.
 */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type Keys, openKeys } from '../../../src/wallets/alipay/keys.ts';
import { parseNotification } from '../../../src/wallets/alipay/notify.ts';
import { certificateSn, readCertificates } from '../../../src/wires/alipay/certificates.ts';
import { readV2Answer } from '../../../src/wires/alipay/message.ts';

type Name = 'old' | 'new' | 'merchant';

const vectors = JSON.parse(
  readFileSync(new URL('./vectors/callbacks-without-cert-sn.json', import.meta.url), 'utf8'),
) as {
  readonly app_id: string;
  readonly pid: string;
  readonly root: string;
  readonly certificates: Readonly<Record<Name, string>>;
  readonly callbacks: Readonly<Record<Name, string>>;
  readonly answers: Readonly<Record<'old' | 'new', string>>;
};

const certificateOf = (name: Name) => readCertificates(vectors.certificates[name])![0]!;
const snOf = (name: Name) => certificateSn(certificateOf(name)) ?? '';

/** An account that pins these, at an Alipay that signs its answers with `signer`. */
function open(pinned: readonly Name[], signer: 'old' | 'new') {
  const downloads: string[] = [];
  let nowMs = Date.UTC(2026, 11, 1);
  let questions = 0;
  const certificates = pinned.map(certificateOf);
  const keys: Keys = openKeys(
    {
      mode: 'certificate',
      appCertSn: '',
      rootCertSn: '',
      roots: readCertificates(vectors.root) ?? [],
      subjects: certificates.map(({ subject }) => subject),
      alipayKeys: new Map(pinned.map((name) => [snOf(name), certificateOf(name).publicKey])),
    },
    { nowMs: () => nowMs },
    {
      download: async (certSn) => {
        downloads.push(certSn);
        const name = (['old', 'new', 'merchant'] as const).find((one) => snOf(one) === certSn);
        return name === undefined ? undefined : vectors.certificates[name];
      },
      ask: async () => {
        questions += 1;
        await verdictOf(signer);
      },
    },
  );
  const verdictOf = async (name: 'old' | 'new') => {
    const answer = readV2Answer(vectors.answers[name], 'alipay.trade.query')!;
    const { signedText: text, sign, certSn } = answer;
    return keys.verifyAnswer({ text, sign: sign ?? '', certSn });
  };
  const parse = async (body: string) => {
    const request = { method: 'POST', target: '/', headers: {}, body: Buffer.from(body) };
    const parsed = await parseNotification(
      { appId: vectors.app_id, pid: vectors.pid },
      keys,
      request,
    );
    return parsed.ok ? 'valid' : parsed.error.code;
  };
  return {
    downloads,
    parse,
    verdictOf,
    questions: () => questions,
    wait: (ms: number) => {
      nowMs += ms;
    },
  };
}

test('F3: no frozen callback names its certificate', () => {
  for (const body of Object.values(vectors.callbacks)) {
    expect(new URLSearchParams(body).has('alipay_cert_sn')).toBe(false);
  }
});

test('F3: one pinned certificate: valid', async () => {
  const account = open(['old'], 'old');
  expect(await account.parse(vectors.callbacks.old)).toBe('valid');
  expect([account.questions(), account.downloads]).toEqual([0, []]);
});

test('F3: two pinned certificates, signed by the old or the new: valid', async () => {
  const account = open(['old', 'new'], 'old');
  expect(await account.parse(vectors.callbacks.old)).toBe('valid');
  expect(await account.parse(vectors.callbacks.new)).toBe('valid');
  expect([account.questions(), account.downloads]).toEqual([0, []]);
});

test('F3: rotated, and an answer has named the new key: fetched, then valid', async () => {
  const account = open(['old'], 'new');
  expect(await account.verdictOf('new')).toBe('valid');
  expect(await account.parse(vectors.callbacks.new)).toBe('valid');
  expect(await account.parse(vectors.callbacks.old), 'on its way since before').toBe('valid');
  expect([account.questions(), account.downloads]).toEqual([0, [snOf('new')]]);
});

test('F3: rotated, and the callback comes first: one question, fetched, valid', async () => {
  const account = open(['old'], 'new');
  expect(await account.parse(vectors.callbacks.new)).toBe('valid');
  expect([account.questions(), account.downloads]).toEqual([1, [snOf('new')]]);
});

test('F3: a certificate of a merchant below the same root signs nothing', async () => {
  const account = open(['old', 'new'], 'new');
  expect(await account.parse(vectors.callbacks.merchant)).toBe('bad_signature');
  const named = `${vectors.callbacks.merchant}&alipay_cert_sn=${snOf('merchant')}`;
  expect(await account.parse(named)).toBe('unknown_key');
});

test('S19: Alipay: a flood of forged serials is three questions, and a rotation waits ten seconds at most', async () => {
  const account = open(['old'], 'new');
  const forged = vectors.callbacks.merchant;
  for (let index = 0; index < 60; index += 1) {
    const sn = String(index).padStart(32, 'a');
    expect(await account.parse(`${forged}&alipay_cert_sn=${sn}`)).toBe('unknown_key');
  }
  expect(account.downloads.length + account.questions()).toBe(3);
  expect(await account.parse(vectors.callbacks.new), 'nothing left in this moment').toBe(
    'bad_signature',
  );
  account.wait(10_000);
  expect(await account.parse(vectors.callbacks.new)).toBe('valid');
  expect(await account.parse(vectors.callbacks.old)).toBe('valid');
});
