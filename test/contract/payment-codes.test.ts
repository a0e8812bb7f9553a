/**
 * Payment codes over HTTP: who is asked for which code, what is refused before any wallet hears of
 * it, and that a code, which is money for a minute, is found again nowhere.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Json } from '../helpers/api.ts';
import { ENGINES } from '../store/engines.ts';
import { codeOf, createIntent, newKey, openStage, post, type Stage } from './stage.ts';

const engine = ENGINES.find((one) => one.isAvailable)!;

describe(`payment codes on ${engine.name}`, () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage(engine);
  });
  afterAll(async () => {
    await stage?.close();
  });

  const start = async (body: Json) => {
    const intent = await createIntent(stage, [1_000]);
    return post(stage.taobao, `/v1/payment_intents/${String(intent.id)}/attempts`, body, newKey());
  };
  const refusalOf = async (body: Json) => {
    const answer = await start(body);
    const { param } = (answer.body.error ?? {}) as Json;
    return [answer.status, codeOf(answer), param];
  };

  it.each<readonly [string, Json, readonly unknown[]]>([
    ['neither wallet nor code', { product: 'native' }, [400, 'parameter_invalid', 'wallet']],
    ['no product and no code', { wallet: 'wechatpay' }, [400, 'parameter_invalid', 'product']],
    ['letters', { payer: { auth_code: 'hello' } }, [400, 'auth_code_malformed', 'payer.auth_code']],
    [
      'letters, at a named wallet',
      { wallet: 'wechatpay', product: 'native', payer: { auth_code: 'hello' } },
      [400, 'auth_code_malformed', 'payer.auth_code'],
    ],
    [
      'digits that no wallet begins with',
      { payer: { auth_code: '991234567890123456' } },
      [400, 'auth_code_not_recognised', 'payer.auth_code'],
    ],
    [
      'a code one digit short',
      { payer: { auth_code: '13051234567890123' } },
      [400, 'auth_code_not_recognised', 'payer.auth_code'],
    ],
    [
      'a code for a product that takes none',
      { wallet: 'wechatpay', product: 'native', payer: { auth_code: '130512345678901234' } },
      [400, 'parameter_invalid', 'payer.auth_code'],
    ],
    [
      'both a code and a tap',
      { payer: { auth_code: '130512345678901234', field55: '9F2608' } },
      [400, 'parameter_invalid', 'payer.field55'],
    ],
    [
      'a tap in half bytes',
      { payer: { field55: '9F2' } },
      [400, 'parameter_invalid', 'payer.field55'],
    ],
  ])('refuses %s', async (_name, body, expected) => {
    expect(await refusalOf(body)).toEqual(expected);
  });

  it('never repeats the digits of a code in a refusal', async () => {
    for (const auth_code of ['991234567890123456', '13051234567890123', '62123x']) {
      const answer = await start({ payer: { auth_code } });
      expect(answer.status).toBe(400);
      expect(JSON.stringify(answer.body)).not.toContain(auth_code);
    }
  });
});
