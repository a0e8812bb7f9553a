/** EMVCo merchant codes: published payloads, every flipped byte, and properties. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { crc16 } from './crc16.ts';
import { templateAccount, unionPayAccount } from './merchant-account.ts';
import { decodeMpm, type MpmFields } from './mpm.ts';
import { encodeMpm, encodeMpmObjects } from './mpm-encode.ts';

/** Annex B of EMVCo's specification. */
const ANNEX_B =
  '00020101021229300012D156000000000510A93FO3230Q31280012D15600000001030812345678520441115802CN' +
  '5914BEST TRANSPORT6007BEIJING64200002ZH0104最佳运输0202北京540523.7253031565502016233030412340603' +
  '***0708A60086670902ME91320016A0112233449988770708123456786304A13A';
const OWN =
  '0002010102121531480200004802000077729005811004826300017cn.example.hutong0105M0001520453115303' +
  '156540410.55802CN5911HUTONG DEMO6007BEIJING62250509ORDER000107080000000164200002ZH0104互通示例' +
  '0202北京63049CA8';

const FIELDS: MpmFields = {
  initiation: 'dynamic',
  accounts: [
    unionPayAccount({
      acquirerIin: '48020000',
      forwardingIin: '48020000',
      merchantId: '777290058110048',
    })!,
    templateAccount('26', 'cn.example.hutong', [{ id: '01', value: 'M0001' }]),
  ],
  categoryCode: '5311',
  currency: '156',
  amount: '10.5',
  tip: null,
  country: 'CN',
  merchantName: 'HUTONG DEMO',
  merchantCity: 'BEIJING',
  postalCode: null,
  additional: [
    { id: '05', value: 'ORDER0001' },
    { id: '07', value: '00000001' },
  ],
  alternate: { language: 'ZH', name: '互通示例', city: '北京' },
  extensions: [],
};

function sealed(body: string): string {
  const crc = crc16(Buffer.from(`${body}6304`))
    .toString(16)
    .toUpperCase()
    .padStart(4, '0');
  return `${body}6304${crc}`;
}

function problemOf(payload: string) {
  const decoded = decodeMpm(payload);
  return decoded.ok ? null : { code: decoded.error.code, object: decoded.error.object };
}

describe('the CRC', () => {
  test('of the digits 1 to 9 is 29B1', () => {
    expect(crc16(Buffer.from('123456789')).toString(16)).toBe('29b1');
  });

  test('that does not fit is refused, although the objects can be read', () => {
    expect(problemOf(OWN.replace('9CA8', '5855'))).toEqual({ code: 'crc_mismatch', object: '63' });
  });

  test('finds every single changed byte', () => {
    const bytes = Buffer.from(ANNEX_B);
    for (let at = 0; at < bytes.length; at += 1) {
      for (const flip of [0x01, 0x10, 0x80]) {
        const changed = Buffer.from(bytes);
        changed[at] = (changed[at] ?? 0) ^ flip;
        expect(decodeMpm(changed.toString('utf8')).ok, `byte ${at} ^ ${flip}`).toBe(false);
      }
    }
  });
});

describe('reading', () => {
  test('Annex B: Chinese names counted in characters', () => {
    const decoded = decodeMpm(ANNEX_B);
    if (!decoded.ok) throw new Error(decoded.error.message);
    expect(decoded.value).toMatchObject({
      initiation: 'dynamic',
      categoryCode: '4111',
      currency: '156',
      amount: '23.72',
      amountFen: 2372n,
      tip: { kind: 'ask' },
      merchantName: 'BEST TRANSPORT',
      alternate: { language: 'ZH', name: '最佳运输', city: '北京' },
    });
    expect(decoded.value.accounts.map((account) => account.kind)).toEqual(['template', 'template']);
    expect(decoded.value.additional).toContainEqual({ id: '06', value: '***' });
    expect(encodeMpmObjects(decoded.value.objects)).toEqual({ ok: true, value: ANNEX_B });
  });

  test('UnionPay’s object 15: acquirer, forwarder, merchant', () => {
    const decoded = decodeMpm(OWN);
    if (!decoded.ok) throw new Error(decoded.error.message);
    expect(decoded.value.amountFen).toBe(1050n);
    expect(decoded.value.accounts[0]).toMatchObject({
      id: '15',
      unionpay: {
        acquirerIin: '48020000',
        forwardingIin: '48020000',
        merchantId: '777290058110048',
      },
    });
    expect(encodeMpmObjects(decoded.value.objects)).toEqual({ ok: true, value: OWN });
  });

  test('a foreign template that is broken inside does not spoil the code', () => {
    const decoded = decodeMpm(sealed(OWN.slice(0, -8).replace('0017cn', '0099cn')));
    if (!decoded.ok) throw new Error(decoded.error.message);
    expect(decoded.value.accounts[1]).toMatchObject({
      kind: 'unreadable',
      problem: { code: 'truncated', object: '26/00', position: 51 },
    });
  });

  const body = OWN.slice(0, -8);
  test.each([
    ['nothing', '', 'empty', 'payload'],
    ['no CRC at the end', body, 'missing', '63'],
    ['lower-case CRC', OWN.replace('9CA8', '9ca8'), 'missing', '63'],
    ['a length over what is left', sealed(`${body}6199`), 'truncated', '61'],
    ['an id that is no number', sealed(`${body}6X0112`), 'bad_tag', 'header'],
    ['a length of zero', sealed(`${body}6100`), 'bad_length', '61'],
    ['an id twice', sealed(`${body}5802CN`), 'duplicate', '58'],
    ['objects after the CRC', sealed(`${body}63049CA86102ab`), 'duplicate', '63'],
    ['another version', sealed(body.replace('000201', '000202')), 'misplaced', '00'],
    ['no payee', sealed(body.slice(0, 12) + body.slice(body.indexOf('52045311'))), 'missing', '02'],
    ['an amount of zero', sealed(body.replace('540410.5', '54040.00')), 'bad_value', '54'],
    ['two points', sealed(body.replace('540410.5', '54051.2.3')), 'bad_value', '54'],
    ['a leading point', sealed(body.replace('540410.5', '5402.5')), 'bad_value', '54'],
    ['a tenth of a fen', sealed(body.replace('540410.5', '54051.001')), 'bad_value', '54'],
    [
      'a name of 26',
      sealed(body.replace('5911HUTONG DEMO', `5926${'X'.repeat(26)}`)),
      'bad_value',
      '59',
    ],
    ['a fixed tip without its amount', sealed(`${body}550202`), 'misplaced', '56'],
    ['a broken template 62', sealed(body.replace('62250509', '62250599')), 'truncated', '62/05'],
    ['half a character', sealed(`${body}6501\ud83d`), 'bad_encoding', 'payload'],
    [
      '513 characters',
      sealed(
        `${body}6599${'x'.repeat(99)}6699${'x'.repeat(99)}6799${'x'.repeat(99)}6899${'x'.repeat(99)}`,
      ),
      'too_long',
      'payload',
    ],
  ])('refuses %s', (_, payload, code, object) => {
    expect(problemOf(payload)).toEqual({ code, object });
  });

  test('98. is 9800 fen, and characters beyond the first plane count once', () => {
    const decoded = decodeMpm(sealed(`${body.replace('540410.5', '540398.')}6502🍜面`));
    if (!decoded.ok) throw new Error(decoded.error.message);
    expect(decoded.value.amountFen).toBe(9800n);
    expect(decoded.value.extensions).toEqual([{ id: '65', value: '🍜面' }]);
  });

  test('a foreign currency has an amount, but no fen', () => {
    const decoded = decodeMpm(sealed(body.replace('5303156', '5303344')));
    expect(decoded.ok && [decoded.value.amount, decoded.value.amountFen]).toEqual(['10.5', null]);
  });
});

describe('writing', () => {
  test('gives the known payload', () => {
    expect(encodeMpm(FIELDS)).toEqual({ ok: true, value: OWN });
  });

  test.each([
    ['name', { merchantName: '' }, '59'],
    ['amount', { amount: '0.00' }, '54'],
    ['payee', { accounts: [] }, '02'],
    ['extension', { extensions: [{ id: '63', value: 'AAAA' }] }, '63'],
    ['template over 99', { additional: [{ id: '50', value: 'x'.repeat(96) }] }, '62'],
  ])('refuses a wrong %s by the reader’s own rules', (_, change, object) => {
    const encoded = encodeMpm({ ...FIELDS, ...change });
    expect(encoded.ok ? null : encoded.error.object).toBe(object);
  });

  test('what is written reads back the same', () => {
    const text = (max: number) =>
      fc
        .array(fc.constantFrom(...Array.from('ABZ az09-互通支付宝🍜&<')), {
          minLength: 1,
          maxLength: max,
        })
        .map((characters) => characters.join(''));
    fc.assert(
      fc.property(
        fc.record({
          initiation: fc.constantFrom('static' as const, 'dynamic' as const, null),
          categoryCode: fc
            .integer({ min: 0, max: 9999 })
            .map((code) => String(code).padStart(4, '0')),
          amountFen: fc.option(fc.bigInt({ min: 1n, max: 9_999_999_999n })),
          merchantName: text(25),
          merchantCity: text(15),
          postalCode: fc.option(text(10)),
          additional: fc.uniqueArray(
            fc.record({ id: fc.constantFrom('01', '03', '05', '08'), value: text(18) }),
            { maxLength: 4, selector: ({ id }) => id },
          ),
          alternate: fc.option(
            fc.record({ language: fc.constant('ZH'), name: text(25), city: fc.option(text(15)) }),
          ),
          tip: fc.constantFrom(
            null,
            { kind: 'ask' as const },
            { kind: 'fixed' as const, amount: '1.50' },
            { kind: 'percent' as const, percent: '12.5' },
          ),
        }),
        ({ amountFen, ...change }) => {
          const yuan =
            amountFen === null
              ? null
              : `${amountFen / 100n}.${String(amountFen % 100n).padStart(2, '0')}`;
          const fields = { ...FIELDS, ...change, amount: yuan };
          const encoded = encodeMpm(fields);
          if (!encoded.ok) throw new Error(encoded.error.message);
          const decoded = decodeMpm(encoded.value);
          if (!decoded.ok) throw new Error(decoded.error.message);
          const { objects, amountFen: readFen, ...back } = decoded.value;
          expect(back).toEqual(fields);
          expect(readFen).toBe(amountFen);
          expect(encodeMpmObjects(objects)).toEqual(encoded);
        },
      ),
      { numRuns: 300 },
    );
  });
});
