/** Parsers of QR texts and payment codes. Checksums are judged by arithmetic of this file's own. */
import { recogniseScannedCode } from '../../src/wires/qr/code-url.ts';
import { decodeCpm } from '../../src/wires/qr/cpm.ts';
import { crc16Text } from '../../src/wires/qr/crc16.ts';
import { decodeMpm } from '../../src/wires/qr/mpm.ts';
import { recognisePaymentCode } from '../../src/wires/qr/payment-code.ts';
import type { FuzzParser } from './parser.ts';

const MPM_SEEDS = [
  '00020101021229300012D156000000000510A93FO3230Q31280012D15600000001030812345678520441115802CN' +
    '5914BEST TRANSPORT6007BEIJING64200002ZH0104最佳运输0202北京540523.72530315655020162330304' +
    '12340603***0708A60086670902ME91320016A0112233449988770708123456786304A13A',
  '0002010102121531480200004802000077729005811004826300017cn.example.hutong0105M00015204531153' +
    '03156540410.55802CN5911HUTONG DEMO6007BEIJING62250509ORDER000107080000000164200002ZH0104' +
    '互通示例0202北京63049CA8',
];

/** CRC-16 by long division over a bit string: slow, and nothing like the parser's own. */
function crcOf(text: string): string {
  const bytes = Buffer.from(text, 'utf8');
  let register = 0xffff;
  for (const digit of [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('')) {
    const carry = (register >> 15) ^ Number(digit);
    register = (register << 1) & 0xffff;
    if (carry === 1) register ^= 0x1021;
  }
  return register.toString(16).toUpperCase().padStart(4, '0');
}

function isCrcRight(payload: string): boolean {
  return crcOf(payload.slice(0, -4)) === payload.slice(-4);
}

const CPM_SEEDS = [
  'hQVDUFYwMWEaTwegAAAAVVVVVw8SNFZ4kBI0WNGRIgESNF8=',
  Buffer.from(
    '8505435056303161584F08A00000033301010157136292610358444335641D22102010000018801F5F340100' +
      '63339F2608568B12D9DA0BD97F9F2701809F101107000103A00000010833393939393939399F3602000182020000' +
      '9F3704EA0658C8',
    'hex',
  ).toString('base64'),
];

const utf8 = (texts: readonly string[]) => texts.map((text) => Buffer.from(text, 'utf8'));

/** The documented shapes, read once more from their table. */
const CODE_SHAPES: readonly (readonly [string, RegExp])[] = [
  ['wechatpay', /^1[0-5]\d{16}$/],
  ['alipay', /^(?:2[5-9]|30)\d{14,22}$/],
  ['unionpay', /^62\d{17}$/],
];

export const QR_PARSERS: readonly FuzzParser[] = [
  {
    name: 'EMVCo merchant code',
    seeds: utf8(MPM_SEEDS),
    parse: (input) => decodeMpm(input.toString('utf8')),
    isForgery: (input) => !isCrcRight(input.toString('utf8')),
  },
  {
    // With its CRC made right again, so that what lies behind the check is reached too.
    name: 'EMVCo merchant code, CRC recomputed',
    seeds: utf8(MPM_SEEDS.map((payload) => payload.slice(0, -8))),
    parse: (input) => {
      const body = `${input.toString('utf8')}6304`;
      return decodeMpm(`${body}${crc16Text(body)}`);
    },
  },
  {
    name: 'EMVCo consumer code',
    seeds: utf8(CPM_SEEDS),
    parse: (input) => decodeCpm(input.toString('utf8')),
  },
  {
    name: 'EMVCo consumer code, its bytes',
    seeds: CPM_SEEDS.map((text) => Buffer.from(text, 'base64')),
    parse: (input) => decodeCpm(input.toString('base64')),
  },
  {
    name: 'payment code',
    seeds: utf8([
      '134567890123456789',
      '2876543210987654321',
      '6212345678901234567',
      CPM_SEEDS[1]!,
    ]),
    parse: (input) => {
      const verdict = recognisePaymentCode(input.toString('utf8'), [
        'wechatpay',
        'alipay',
        'unionpay',
      ]);
      return verdict.outcome === 'wallet'
        ? { ok: true, value: verdict }
        : { ok: false, error: { code: verdict.outcome } };
    },
    isForgery: (_, accepted) => {
      const { wallet, digits, form } = accepted as { wallet: string; digits: string; form: string };
      const isShaped = CODE_SHAPES.some(([of, shape]) => of === wallet && shape.test(digits));
      return form === 'emv_cpm' ? !/^\d{8,19}$/.test(digits) : !isShaped;
    },
  },
  {
    name: 'scanned address',
    seeds: utf8([
      'https://qr.alipay.com/bax00001',
      'weixin://wxpay/bizpayurl?pr=abc',
      `https://qr.95516.com/00010000/62${'1'.repeat(30)}`,
      'https://h5pay.jd.com/code?c=616zlks7djfb1z',
    ]),
    parse: (input) => {
      const code = recogniseScannedCode(input.toString('utf8'));
      return code.kind === 'wallet_code'
        ? { ok: true, value: code }
        : { ok: false, error: { code: code.kind } };
    },
    // The wallet's own host must stand right behind the scheme, and end there.
    isForgery: (input) =>
      !/^\s*(?:weixin:\/\/wxpay\/|https?:[\\/\s]*(?:qr\.alipay\.com|wx\.tenpay\.com|qr\.95516\.com|h5pay\.jd\.com)[/?:#\\\s])/i.test(
        input.toString('utf8'),
      ),
  },
];
