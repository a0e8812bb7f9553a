/** The judge is the `standardwebhooks` package: it signs for us, and it verifies what we sign. */
import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { HutongError } from './errors.ts';
import {
  HutongWebhookSecretError,
  HutongWebhookVerificationError,
  signWebhook,
  type VerifyWebhookOptions,
  verifyWebhook,
} from './webhook.ts';

const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const other = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
const event = {
  id: 'evt_1',
  object: 'event',
  type: 'payment_intent.succeeded',
  created_at: '2026-12-01T00:00:00Z',
  object_version: 4,
  data: { object: { id: 'pi_1', object: 'payment_intent', description: '帆布鞋' } },
};
const payload = JSON.stringify(event);

function delivery(more: Partial<VerifyWebhookOptions> = {}): VerifyWebhookOptions {
  const now = new Date();
  return {
    payload,
    headers: {
      'webhook-id': 'msg_1',
      'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
      'webhook-signature': new Webhook(secret).sign('msg_1', now, payload),
    },
    secret,
    ...more,
  };
}

function failure(options: VerifyWebhookOptions): string {
  try {
    verifyWebhook(options);
  } catch (error) {
    if (error instanceof HutongWebhookVerificationError) return error.code;
    throw error;
  }
  return 'verified';
}

describe('verifyWebhook', () => {
  it('accepts what standardwebhooks signed, as text, bytes and Headers', () => {
    expect(verifyWebhook(delivery())).toEqual(event);
    expect(verifyWebhook(delivery({ payload: Buffer.from(payload) }))).toEqual(event);
    const headers = delivery().headers as Record<string, string>;
    expect(verifyWebhook(delivery({ headers: new Headers(headers) }))).toEqual(event);
    const upper = Object.fromEntries(Object.entries(headers).map(([k, v]) => [k.toUpperCase(), v]));
    expect(verifyWebhook(delivery({ headers: upper }))).toEqual(event);
  });

  it('agrees with standardwebhooks in both directions, for any id, secret and body', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 64 }),
        fc.stringMatching(/^[A-Za-z0-9_-]{1,40}$/),
        fc.record({ note: fc.string({ unit: 'grapheme' }), n: fc.integer() }),
        (keyBytes, id, object) => {
          const key = `whsec_${Buffer.from(keyBytes).toString('base64')}`;
          const body = JSON.stringify({ ...event, data: { object } });
          const timestampSeconds = Math.floor(Date.now() / 1000);
          const ours = signWebhook({ id, timestampSeconds, payload: body, secret: key });
          expect(new Webhook(key).verify(body, ours)).toEqual(JSON.parse(body));
          const theirs = {
            ...ours,
            'webhook-signature': new Webhook(key).sign(id, new Date(timestampSeconds * 1000), body),
          };
          expect(theirs).toEqual(ours);
          const verified = verifyWebhook({ payload: body, headers: theirs, secret: key });
          expect(verified).toEqual(JSON.parse(body));
        },
      ),
    );
  });

  it('refuses any changed byte of the body', () => {
    fc.assert(
      fc.property(
        fc.nat(Buffer.byteLength(payload) - 1),
        fc.integer({ min: 1, max: 255 }),
        (at, by) => {
          const bytes = Buffer.from(payload);
          bytes[at] = bytes[at]! ^ by;
          expect(failure(delivery({ payload: bytes }))).toBe('signature_mismatch');
        },
      ),
    );
  });

  it('refuses another id, timestamp, secret, version and an empty or garbled list', () => {
    const headers = delivery().headers as Record<string, string>;
    const signature = headers['webhook-signature']!;
    const withSignature = (value: string) =>
      failure(delivery({ headers: { ...headers, 'webhook-signature': value } }));
    expect(failure(delivery({ headers: { ...headers, 'webhook-id': 'msg_2' } }))).toBe(
      'signature_mismatch',
    );
    const later = String(Number(headers['webhook-timestamp']) + 1);
    expect(failure(delivery({ headers: { ...headers, 'webhook-timestamp': later } }))).toBe(
      'signature_mismatch',
    );
    expect(failure(delivery({ secret: other }))).toBe('signature_mismatch');
    expect(withSignature(signature.replace('v1,', 'v2,'))).toBe('signature_mismatch');
    expect(withSignature(signature.slice(0, -1))).toBe('signature_mismatch');
    expect(withSignature('v1,')).toBe('signature_mismatch');
    expect(withSignature(',')).toBe('signature_mismatch');
    expect(withSignature(`${'v1,AAAA '.repeat(16)}${signature}`)).toBe('signature_mismatch');
    expect(withSignature(`v1a,xyz v1,AAAA ${signature}`)).toBe('verified');
  });

  it('takes every secret of a rotation', () => {
    const { secret: _old, ...rest } = delivery();
    expect(failure({ ...rest, secrets: [other, secret] })).toBe('verified');
    expect(failure({ ...rest, secrets: [other] })).toBe('signature_mismatch');
  });

  it('keeps the tolerance, to the second, on both sides', () => {
    const headers = delivery().headers as Record<string, string>;
    const atMs = Number(headers['webhook-timestamp']) * 1000;
    const at = (shift: number, toleranceSeconds?: number) =>
      failure(
        delivery({
          headers,
          nowMs: () => atMs + shift * 1000,
          ...(toleranceSeconds === undefined ? {} : { toleranceSeconds }),
        }),
      );
    expect([at(300), at(301), at(-300), at(-301)]).toEqual([
      'verified',
      'timestamp_too_old',
      'verified',
      'timestamp_too_new',
    ]);
    expect([at(10, 10), at(11, 10)]).toEqual(['verified', 'timestamp_too_old']);
    expect(() => at(0, Number.NaN)).toThrow(TypeError);
  });

  it('names what is missing or malformed', () => {
    const headers = delivery().headers as Record<string, string>;
    for (const name of ['webhook-id', 'webhook-timestamp', 'webhook-signature']) {
      expect(failure(delivery({ headers: { ...headers, [name]: undefined } }))).toBe(
        'header_missing',
      );
      expect(failure(delivery({ headers: { ...headers, [name]: ['a', 'b'] } }))).toBe(
        'header_missing',
      );
    }
    for (const value of ['', '-1', '1e3', ' 17', '12.5', '0x10']) {
      expect(failure(delivery({ headers: { ...headers, 'webhook-timestamp': value } }))).toMatch(
        /timestamp_malformed|header_missing/,
      );
    }
    expect(failure(delivery({ payload: event as never }))).toBe('body_already_parsed');
  });

  it('takes no event for true because its signature is', () => {
    for (const body of ['', '{}', 'null', '[]', 'x', '{"id":1}', '{"id":"a","type":"b"}']) {
      const headers = signWebhook({
        id: 'm',
        timestampSeconds: Math.floor(Date.now() / 1000),
        payload: body,
        secret,
      });
      expect(failure({ payload: body, headers, secret })).toBe('payload_malformed');
    }
  });

  it('calls a broken secret a mistake of configuration, without showing it', () => {
    const thrown = (options: VerifyWebhookOptions): unknown => {
      try {
        return verifyWebhook(options);
      } catch (error) {
        return error;
      }
    };
    for (const bad of ['', 'whsec_', 'whsec_***', 'whsec_abc', null as never, 7 as never]) {
      const error = thrown(delivery({ secret: bad }));
      expect(error).toBeInstanceOf(HutongWebhookSecretError);
      expect(error).toBeInstanceOf(HutongError);
      // Not what a receiver answers with 400: the sender did nothing wrong.
      expect(error).not.toBeInstanceOf(HutongWebhookVerificationError);
      expect(error).toMatchObject({ code: 'secret_malformed', name: 'HutongWebhookSecretError' });
      expect(String(error)).not.toMatch(/\*\*\*|abc|7/);
    }
    expect(thrown(delivery({ secrets: [secret, 'whsec_***'] }))).toMatchObject({
      code: 'secret_malformed',
    });
    const { secret: _none, ...rest } = delivery();
    for (const none of [rest, { ...rest, secret: undefined }, { ...rest, secrets: [] }]) {
      expect(thrown(none)).toMatchObject({ code: 'secret_missing' });
    }
  });
});
