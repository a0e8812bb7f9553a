/** What works as money is found again in no refusal, in whatever form the wallet repeats it. */
import { describe, expect, it } from 'vitest';
import { redactPayer } from './redact-payer-credentials.ts';

const refusal = (message: string) =>
  ({ wallet: 'unionpay', code: '88', message, requestId: null }) as const;

describe('a refusal to something shown', () => {
  const CODE = '6212345678901234567';
  // The EMV form holds the same number: what is sent to the wallet is not what was shown.
  const EMV = 'hQVDUFYwMWEXTwigAAADMwEBAVoKYhI0VniQEjRWf2M=';

  it.each([
    [{ authCode: CODE }, `二维码${CODE}已失效`],
    [{ authCode: EMV }, `qrNo ${CODE} expired`],
    [{ authCode: EMV }, `qrNo 6212 3456 7890 1234 567 expired`],
    [{ authCode: EMV }, `code ${EMV} refused`],
    [{ field55: '9F26080102030405060708' }, '卡号621234567890123D3012201无效'],
    [{ field55: '9F26080102030405060708' }, 'card 621234******1234567 refused'],
  ])('repeats nothing of %o', (payer, message) => {
    const kept = redactPayer(refusal(message), payer).message;
    expect(kept).not.toMatch(/[0-9]{5}/);
    expect(kept).toContain('…');
  });

  it('keeps the wallet’s own message', () => {
    const message =
      '余额不足[6000064] insufficient balance, 2026-11-22, ACQ.BUYER_BALANCE_NOT_ENOUGH';
    expect(redactPayer(refusal(message), { authCode: CODE }).message).toBe(message);
    const other = `order ${CODE} unknown`;
    expect(redactPayer(refusal(other), { openid: 'o' }).message).toBe(other);
  });
});
