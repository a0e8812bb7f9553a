/** EMVCo consumer codes: Annex B, a code of UnionPay's shape, and what must be refused. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { writeTlv } from '../nfc/ber-tlv.ts';
import { type CpmApplication, decodeCpm, encodeCpm } from './cpm.ts';

const ANNEX_B = 'hQVDUFYwMWEaTwegAAAAVVVVVw8SNFZ4kBI0WNGRIgESNF8=';
/** Objects as a QuickPass app shows them: 57, sequence, and the issuer's template 63. */
const QUICKPASS = Buffer.from(
  '85054350563031' +
    '61584F08A00000033301010157136292610358444335641D22102010000018801F5F340100' +
    '63339F2608568B12D9DA0BD97F9F2701809F101107000103A00000010833393939393939399F3602000182020000' +
    '9F3704EA0658C8',
  'hex',
).toString('base64');

const template = (...objects: Buffer[]) => writeTlv('61', Buffer.concat(objects));
const AID = writeTlv('4F', Buffer.from('A000000333010101', 'hex'));
const FORMAT = writeTlv('85', Buffer.from('CPV01'));
const code = (...objects: Buffer[]) => Buffer.concat([FORMAT, ...objects]).toString('base64');

describe('reading', () => {
  test('Annex B', () => {
    expect(decodeCpm(ANNEX_B)).toMatchObject({
      ok: true,
      value: {
        applications: [
          {
            aid: 'A0000000555555',
            pan: '1234567890123458',
            track2: { expiryYymm: '1912', serviceCode: '201', discretionary: '12345' },
          },
        ],
      },
    });
  });

  test('a code of UnionPay’s shape, whose number has the shape of its barcode', () => {
    const decoded = decodeCpm(QUICKPASS);
    if (!decoded.ok) throw new Error(decoded.error.message);
    const [application] = decoded.value.applications;
    expect(application).toMatchObject({
      aid: 'A000000333010101',
      pan: '6292610358444335641',
      panSequence: '00',
    });
    expect(application?.issuerData?.length).toBe(0x33);
    expect(encodeCpm(decoded.value)).toEqual({ ok: true, value: QUICKPASS });
  });

  test('5A where there is no track 2', () => {
    const decoded = decodeCpm(
      code(template(AID, writeTlv('5A', Buffer.from('621234567890123456FF', 'hex')))),
    );
    expect(decoded.ok && decoded.value.applications[0]?.pan).toBe('621234567890123456');
  });

  test('bytes that only the issuer understands stay bytes', () => {
    const broken = writeTlv('63', Buffer.from('9F26FF', 'hex'));
    expect(decodeCpm(code(template(AID, broken))).ok).toBe(true);
  });

  test.each([
    ['nothing', '', 'empty', 'payload'],
    ['base64 without padding', ANNEX_B.slice(0, -1), 'bad_encoding', 'payload'],
    ['base64 of an address', ANNEX_B.replace('w', '_'), 'bad_encoding', 'payload'],
    [
      'another format',
      Buffer.from('850543505630326100', 'hex').toString('base64'),
      'misplaced',
      '85',
    ],
    ['no template', code(), 'missing', '61'],
    ['three templates', code(template(AID), template(AID), template(AID)), 'missing', '61'],
    ['a template without its application', code(template()), 'missing', '61/4F'],
    ['an object twice', code(template(AID, AID)), 'duplicate', '61/4F'],
    ['a length over the end', code(Buffer.from('6105', 'hex')), 'truncated', '61'],
    ['an indefinite length', code(Buffer.from('61800000', 'hex')), 'bad_length', '61'],
    [
      'letters in the number',
      code(template(AID, writeTlv('5A', Buffer.from('62A4', 'hex')))),
      'bad_value',
      '61/5A',
    ],
    [
      'a month of 13',
      code(template(AID, writeTlv('57', Buffer.from('621234567890D2513201', 'hex')))),
      'bad_value',
      '61/57',
    ],
    ['over 512 bytes', Buffer.alloc(513).toString('base64'), 'too_long', 'payload'],
  ])('refuses %s', (_, payload, errorCode, object) => {
    const decoded = decodeCpm(payload);
    expect(decoded.ok ? null : [decoded.error.code, decoded.error.object]).toEqual([
      errorCode,
      object,
    ]);
  });
});

test('what is written reads back the same', () => {
  const digits = (from: number, to: number) =>
    fc.stringMatching(new RegExp(`^[0-9]{${from},${to}}$`));
  const application: fc.Arbitrary<CpmApplication> = fc
    .record({
      pan: digits(8, 19),
      discretionary: digits(0, 8),
      hasTrack2: fc.boolean(),
      issuerData: fc.option(
        fc.uint8Array({ minLength: 1, maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
      ),
      panSequence: fc.constantFrom('00', '01', null),
    })
    .map(({ pan, discretionary, hasTrack2, issuerData, panSequence }) => ({
      aid: 'A000000333010101',
      pan,
      track2: hasTrack2 ? { pan, expiryYymm: '3012', serviceCode: '201', discretionary } : null,
      panSequence,
      label: null,
      issuerData,
    }));
  fc.assert(
    fc.property(fc.array(application, { minLength: 1, maxLength: 2 }), (applications) => {
      const encoded = encodeCpm({ applications, commonData: null });
      if (!encoded.ok) throw new Error(encoded.error.message);
      const decoded = decodeCpm(encoded.value);
      expect(decoded).toEqual({ ok: true, value: { applications, commonData: null } });
    }),
    { numRuns: 300 },
  );
});
