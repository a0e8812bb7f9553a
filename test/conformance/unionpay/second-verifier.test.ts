/**
 * Adapter and sandbox judged by a second implementation and the openssl command: requests, replies,
 * notifications, certificates, the PFX, and a client that knows nothing of `wire/`.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bodyOf, type LocalServer, openLocalServer } from '../../helpers/local-server.ts';
import { sharedVectors } from '../../helpers/vectors.ts';
import { openTestCity, openWallet, orderOf, type TestCity } from './city.ts';
import {
  opensslChainHolds,
  opensslOpensPfx,
  opensslSigns,
  opensslVerifies,
  opensslVerifiesSm2,
  type Pairs,
  sha256Hex,
  splitReply,
  toSign,
} from './second-verifier.ts';

let city: TestCity;
beforeAll(async () => {
  city = await openTestCity();
});
afterAll(() => city.close());

interface RealReply {
  readonly raw_response_body: string;
  readonly sha256hex_of_sorted_string: string;
}
const real = sharedVectors<RealReply>('unionpay_acp')?.[0];

describe.skipIf(real === undefined)('the real reply of vectors.json, by openssl', () => {
  const body = real?.raw_response_body ?? '';
  test('verifies; with LF for CRLF or another amount it does not', () => {
    const pairs = splitReply(body);
    expect(sha256Hex(toSign(pairs))).toBe(real?.sha256hex_of_sorted_string);
    const certificate = pairs.signPubKeyCert ?? '';
    expect(opensslVerifies(pairs, certificate)).toBe(true);
    const unix = { ...pairs, signPubKeyCert: certificate.replaceAll('\r\n', '\n') };
    expect(opensslVerifies(unix, certificate)).toBe(false);
    expect(opensslVerifies({ ...pairs, txnAmt: '2' }, certificate)).toBe(false);
  });
});

/** `yyyyMMddHHmmss` in Beijing, by the platform's own calendar. */
function beijing(unixMs: number): string {
  const options = { timeZone: 'Asia/Shanghai', hour12: false } as const;
  const text = new Date(unixMs).toLocaleString('sv-SE', options);
  return text.replace(/[^0-9]/g, '');
}

async function post(path: string, pairs: Pairs): Promise<string> {
  const answer = await fetch(`${city.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded;charset=UTF-8' },
    body: new URLSearchParams(pairs).toString(),
  });
  expect(answer.status).toBe(200);
  return answer.text();
}

describe('a client of its own', () => {
  const request = (more: Pairs): Pairs => ({
    version: '5.1.0',
    encoding: 'UTF-8',
    txnType: '01',
    txnSubType: '07',
    bizType: '000000',
    channelType: '08',
    accessType: '0',
    merId: city.account.sdkCredentials.mer_id,
    orderId: `SV${Date.now()}`,
    txnTime: beijing(Date.now()),
    txnAmt: '100',
    currencyCode: '156',
    backUrl: 'http://www.specialUrl.com',
    reqReserved: 'a+b c%20中文',
    ...more,
  });

  test('01: PFX opened and request signed by openssl; reply and chain verified by it', async () => {
    const { sdkCredentials: sdk } = city.account;
    const own = opensslOpensPfx(sdk.sign_pfx, sdk.sign_pfx_password);
    const unsigned = request({ signMethod: '01', certId: own.certId });
    const signature = opensslSigns(unsigned, own.privateKeyPem);
    const reply = splitReply(
      await post('/gateway/api/backTransReq.do', { ...unsigned, signature }),
    );
    expect(reply).toMatchObject({ respCode: '00', reqReserved: 'a+b c%20中文', txnAmt: '100' });
    expect(reply.qrCode).toMatch(/^https:\/\/qr\.95516\.com\/00010000\/62[0-9]{30}$/);
    expect(Object.values(reply)).not.toContain('');
    const leaf = reply.signPubKeyCert ?? '';
    expect(leaf).toMatch(/^-----BEGIN CERTIFICATE-----\r\n[\s\S]*\r\n-----END CERTIFICATE-----$/);
    expect(opensslVerifies(reply, leaf)).toBe(true);
    expect(opensslChainHolds(leaf, sdk.middle_cert, sdk.root_cert)).toBe(true);
    expect(opensslChainHolds(own.certificatePem, sdk.middle_cert, sdk.root_cert)).toBe(true);
    const names = Object.keys(reply);
    expect(names.slice(-2)).toEqual(['signPubKeyCert', 'signature']);
    expect(names.slice(0, -2)).toEqual(names.slice(0, -2).toSorted());
  });

  test('a wrong signature: 11, signed, and explained with what was signed instead', async () => {
    const { sdkCredentials: sdk } = city.account;
    const own = opensslOpensPfx(sdk.sign_pfx, sdk.sign_pfx_password);
    const unsigned = request({ signMethod: '01', certId: own.certId });
    const encoded = Object.fromEntries(
      Object.entries(unsigned).map(([name, value]) => [name, encodeURIComponent(value)]),
    );
    const signature = opensslSigns(encoded, own.privateKeyPem);
    const reply = splitReply(
      await post('/gateway/api/backTransReq.do', { ...unsigned, signature }),
    );
    expect(reply.respCode).toBe('11');
    expect(opensslVerifies(reply, reply.signPubKeyCert ?? '')).toBe(true);
    expect(city.log.at(-1)).toContain('url-encoded');
    expect(city.log.at(-1)).toContain('first difference at byte');
  });

  test('a certId as the certificate prints it, in hex, is refused and named', async () => {
    const { sdkCredentials: sdk } = city.account;
    const own = opensslOpensPfx(sdk.sign_pfx, sdk.sign_pfx_password);
    const unsigned = request({ signMethod: '01', certId: BigInt(own.certId).toString(16) });
    const signature = opensslSigns(unsigned, own.privateKeyPem);
    const reply = splitReply(
      await post('/gateway/api/backTransReq.do', { ...unsigned, signature }),
    );
    expect(reply.respCode).toBe('11');
    expect(city.log.at(-1)).toContain('certId');
  });

  test('11: keyed SHA-256 both ways', async () => {
    const key = sha256Hex(city.account.sdkCredentials.secure_key);
    const unsigned = request({ signMethod: '11' });
    const signature = sha256Hex(`${toSign(unsigned)}&${key}`);
    const reply = splitReply(
      await post('/gateway/api/backTransReq.do', { ...unsigned, signature }),
    );
    expect(reply.respCode).toBe('00');
    expect(reply.signature).toBe(sha256Hex(`${toSign(reply)}&${key}`));
  });
});

describe('what the adapter sends and gets', () => {
  test('21: the sandbox’s SM2 replies verify in openssl with the certId as user id', async () => {
    const { sm2 } = city.account.sdkCredentials;
    let reply = '';
    const proxy = await openProxy((text) => {
      reply = text;
    });
    const wallet = openWallet(city, {
      signing: {
        method: '21',
        privateKey: sm2.private_key,
        certId: sm2.cert_id,
        unionpayPublicKey: sm2.unionpay_public_key,
        unionpayCertId: sm2.unionpay_cert_id,
        acceptsUnverified: true,
      },
      endpoints: { gateway: proxy.url },
    });
    expect((await wallet.startAttempt(orderOf(city))).outcome).toBe('pending');
    await proxy.close();
    const pairs = splitReply(reply);
    const { unionpay_public_key: key, unionpay_cert_id: certId } = sm2;
    expect(opensslVerifiesSm2(pairs, key, certId)).toBe(true);
    expect(opensslVerifiesSm2(pairs, key, '1234567812345678')).toBe(false);
    expect(opensslVerifiesSm2({ ...pairs, respCode: '01' }, key, certId)).toBe(false);
  });

  test('01: the page’s form and a notification verify in openssl', async () => {
    const { sdkCredentials: sdk } = city.account;
    const wallet = openWallet(city);
    const order = orderOf(city, { product: 'web' });
    const started = await wallet.startAttempt(order);
    if (started.outcome !== 'pending' || started.nextAction?.type !== 'form') throw new Error('no');
    const { fields } = started.nextAction;
    const own = opensslOpensPfx(sdk.sign_pfx, sdk.sign_pfx_password);
    expect(fields.certId).toBe(own.certId);
    expect(opensslVerifies({ ...fields }, own.certificatePem)).toBe(true);
    expect(fields.txnTime).toBe(beijing(order.createdAtMs));
    await city.scanAndPay({ ...started.nextAction });
    await city.settle();
    const notified = Object.fromEntries(
      new URLSearchParams(city.callbacks.at(-1)!.body.toString()),
    );
    expect(notified).toMatchObject({ respCode: '00', txnAmt: '8888', orderId: fields.orderId });
    expect(opensslVerifies(notified, notified.signPubKeyCert ?? '')).toBe(true);
  });
});

/** Passes calls on to the city and shows the replies as they came. */
function openProxy(see: (reply: string) => void): Promise<LocalServer> {
  return openLocalServer(async (incoming, outgoing) => {
    const answer = await fetch(`${city.url}${incoming.url}`, {
      method: 'POST',
      headers: { 'content-type': String(incoming.headers['content-type']) },
      body: await bodyOf(incoming),
    });
    const text = await answer.text();
    see(text);
    outgoing.writeHead(answer.status).end(text);
  });
}
