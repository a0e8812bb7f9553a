/** Keys and cryptograms of PBoC cards against published values, and BER-TLV, DOL and APDU rules. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readAfl } from '../../../sandbox/tap/commands.ts';
import { readCommand, readResponse, writeCommand } from './apdu.ts';
import { duplicateOf, findTlv, readTlv, type Tlv, writeTlv } from './ber-tlv.ts';
import { computeArpc, computeArqc, deriveSessionKey, deriveTokenKey } from './cryptogram.ts';
import { fillDol, readDol, readDolData, writeDol } from './dol.ts';
import { readField55Hex } from './field55.ts';

const hex = (text: string) => Buffer.from(text, 'hex');
const upper = (bytes: Buffer) => bytes.toString('hex').toUpperCase();

describe('a cryptogram', () => {
  // Public sample values of PBoC 3.0 cards; the first set also stands in vectors.json.
  test.each([
    {
      tokenKey: '014D996FCC8F49157DC8B49E3BCDFD99',
      atc: '0240',
      sessionKey: 'D4102725E6E5AD329E55AAB50BF23DA9',
      data: '000000000001000000000000015600800460000156140701001E78EEBC7D00024003A04002',
      arqc: '5D016C91005E7CC2',
      common: 'AB14183F91A520B7',
    },
    {
      tokenKey: '0D2E3CB0BC1F9E03AED58F663A2F9679',
      atc: '000E',
      sessionKey: 'C3D3F062E9992B4E923D338D66193526',
      data: '0000000012340000000000340156D86004A800015612051601010101017C00000E03A4B904',
      arqc: 'F294D7022FA9B058',
      common: '34F3DD946DCDC4CA',
    },
  ])('with counter $atc', ({ tokenKey, atc, sessionKey, data, arqc, common }) => {
    const key = deriveSessionKey(hex(tokenKey), hex(atc));
    expect(upper(key)).toBe(sessionKey);
    expect(upper(computeArqc(key, hex(data)))).toBe(arqc);
    expect(upper(computeArqc(key, hex(data)))).not.toBe(common);
  });

  test('of a token whose key comes from the issuer’s, and the issuer’s answer', () => {
    const issuerKey = hex('F0C34A8124CEE0A91A0B034AA97D6EAC');
    expect(upper(deriveTokenKey(issuerKey, '6228000100001', '01'))).toBe(
      '014D996FCC8F49157DC8B49E3BCDFD99',
    );
    const key = hex('D4102725E6E5AD329E55AAB50BF23DA9');
    expect(upper(computeArpc(key, hex('5D016C91005E7CC2'), '01'))).toBe('21415243527CE78F');
  });
});

describe('BER-TLV', () => {
  test('nests, and takes tags and lengths of several bytes', () => {
    const read = readTlv(
      hex(`61${'8183'}9F2681${'80'}${'AB'.repeat(128)}`.replace('8183', '8184')),
    );
    if (!read.ok) throw new Error(read.error.message);
    expect(findTlv(read.value, '9F26')?.value.length).toBe(128);
  });

  test.each([
    ['a tag that does not end', '9F', 'bad_tag', 'tag', 0],
    ['a zero tag', '0001AA', 'bad_tag', 'tag', 0],
    ['no length', '9F26', 'bad_length', '9F26', 0],
    ['an indefinite length', '61800000', 'bad_length', '61', 0],
    ['a length of three bytes', '6183000001AA', 'bad_length', '61', 0],
    ['a length over the end', '5A0362', 'truncated', '5A', 0],
    [
      'an inner length over its template',
      '6104 9F2602AA BB'.replaceAll(' ', ''),
      'truncated',
      '61/9F26',
      2,
    ],
    [
      'templates in templates',
      '610C'.concat('610A61086106610461026100'),
      'too_deep',
      '61/61/61/61/61/61/61',
      12,
    ],
    ['padding where none may be', '5A016200', 'bad_tag', 'tag', 3],
  ])('refuses %s', (_, bytes, code, object, position) => {
    const read = readTlv(hex(bytes));
    expect(read.ok ? null : read.error).toMatchObject({ code, object, position });
  });

  test('skips padding in records, and there alone', () => {
    expect(readTlv(hex('00FF5A01620000'), { allowsPadding: true }).ok).toBe(true);
  });

  test('finds a repeated object', () => {
    const read = readTlv(hex('5A01625A0163'));
    expect(read.ok && duplicateOf(read.value)?.position).toBe(3);
  });

  test('what is written reads back the same', () => {
    const leaf = fc
      .tuple(
        fc.constantFrom('57', '5A', '82', '9F26', '9F10', 'DF60', 'DF8101'),
        fc.uint8Array({ maxLength: 300 }),
      )
      .map(([tag, value]) => ({ tag, bytes: writeTlv(tag, Buffer.from(value)) }));
    const tree = fc.oneof(
      leaf,
      fc.array(leaf, { maxLength: 5 }).map((inner) => ({
        tag: '70',
        bytes: writeTlv('70', Buffer.concat(inner.map(({ bytes }) => bytes))),
      })),
    );
    const again = ({ tag, value, children }: Tlv): Buffer =>
      writeTlv(tag, children === null ? value : Buffer.concat(children.map(again)));
    fc.assert(
      fc.property(fc.array(tree, { maxLength: 4 }), (objects) => {
        const bytes = Buffer.concat(objects.map((object) => object.bytes));
        fc.pre(bytes.length <= 4096);
        const read = readTlv(bytes);
        if (!read.ok) throw new Error(read.error.message);
        expect(read.value.map(({ tag }) => tag)).toEqual(objects.map(({ tag }) => tag));
        expect(Buffer.concat(read.value.map(again))).toEqual(bytes);
      }),
      { numRuns: 300 },
    );
  });
});

describe('a data object list', () => {
  const dol = hex('9F66049F02065F2A015A0A50029F79039F3701');

  test('is filled by the rules of EMV Book 3', () => {
    const entries = readDol(dol);
    if (!entries.ok) throw new Error(entries.error.message);
    expect(writeDol(entries.value)).toEqual(dol);
    const filled = fillDol(
      entries.value,
      new Map([
        ['9F66', hex('26004080')],
        ['9F02', hex('0100')],
        ['5F2A', hex('0156')],
        ['5A', hex('62123456')],
        ['50', Buffer.from('PBOC')],
        ['9F37', hex('AABBCCDD')],
      ]),
    );
    // As it is, left zeros, rightmost byte, F on the right, leftmost, zeros, leftmost.
    expect(upper(filled)).toBe(
      '26004080' + '000000000100' + '56' + '62123456FFFFFFFFFFFF' + '5042' + '000000' + 'AA',
    );
    expect(readDolData(entries.value, filled)?.get('9F02')).toEqual(hex('000000000100'));
    expect(readDolData(entries.value, filled.subarray(1))).toBeUndefined();
  });

  test.each(['9F', '9F66', '9F6680', '9F667F5A7F5F2A02'])('refuses %s', (bytes) => {
    expect(readDol(hex(bytes)).ok).toBe(false);
  });
});

describe('APDUs', () => {
  test.each([
    ['00A4', 'truncated'],
    ['00A404000E32', 'bad_length'],
    ['00A4040000000102', 'unsupported'],
    ['00A40400013200FF', 'bad_length'],
  ])('%s is refused: %s', (bytes, code) => {
    const read = readCommand(hex(bytes));
    expect(read.ok ? null : read.error.code).toBe(code);
  });

  test.each(['00A40400', '00B2010C00', '00A404000132', '00A404000E325041592E5359532E444446303100'])(
    '%s reads and writes back',
    (bytes) => {
      const read = readCommand(hex(bytes));
      if (!read.ok) throw new Error(read.error.message);
      expect(writeCommand(read.value)).toEqual(hex(bytes));
    },
  );

  test('an answer ends with its status', () => {
    const read = readResponse(hex('6A82'));
    expect(read.ok && read.value.sw).toBe(0x6a82);
    expect(readResponse(hex('90')).ok).toBe(false);
  });

  test.each([
    '08',
    '08010200FF',
    '09010100',
    '08000100',
    '08020100',
    '08010103',
    '0001010000'.slice(0, 8),
  ])('a file locator %s cannot be', (bytes) => {
    expect(readAfl(hex(bytes)).ok).toBe(false);
  });

  test('a file locator names its records', () => {
    expect(readAfl(hex('0801020110010100'))).toEqual({
      ok: true,
      value: [
        { sfi: 1, record: 1 },
        { sfi: 1, record: 2 },
        { sfi: 2, record: 1 },
      ],
    });
  });
});

describe('field 55', () => {
  // A terminal's message of 2024, published with a bank's interface samples.
  const REAL =
    '9F2608305C14FD70855C119F2701809F101307010103A00000040A010000000000F5BCEEF89F370447D8D4E49F' +
    '36020392950500000000009A032406289C01009F02060000000000015F2A02015682027C009F1A0201569F0306' +
    '0000000000009F3303E0E9C89F3501229F1E0830303030303030318408A0000003330101029F090200209F4104' +
    '00000001';

  test('of a real terminal', () => {
    const read = readField55Hex(REAL);
    if (!read.ok) throw new Error(read.error.message);
    expect(read.value).toMatchObject({
      cryptogramKind: 'arqc',
      atc: 0x392,
      dateYymmdd: '240628',
      transactionType: '00',
      amountFen: 1n,
      currency: '0156',
      track2: null,
      issuerData: { keyIndex: 1, cryptogramVersion: 1, algorithm: 4 },
    });
    expect(upper(read.value.issuerData.cardVerificationResults)).toBe('03A00000');
  });

  test.each([
    ['nothing', '', 'empty', 'field55'],
    ['spaces', `${REAL} `, 'bad_encoding', 'field55'],
    ['half a byte', REAL.slice(0, -1), 'bad_encoding', 'field55'],
    ['256 bytes', 'AA'.repeat(256), 'too_long', 'field55'],
    ['a cut', REAL.slice(0, -2), 'truncated', '9F41'],
    ['an object twice', `${REAL}9C0100`, 'duplicate', '9C'],
    ['no cryptogram', REAL.slice(22), 'missing', '9F26'],
    ['a short counter', REAL.replace('9F36020392', '9F360192'), 'bad_length', '9F36'],
    [
      'letters in the amount',
      REAL.replace('9F0206000000000001', '9F020600000000000A'),
      'bad_value',
      '9F02',
    ],
    ['30 February', REAL.replace('9A03240628', '9A03240230'), 'bad_value', '9A'],
    ['an unknown kind of cryptogram', REAL.replace('9F270180', '9F2701C0'), 'bad_value', '9F27'],
    ['issuer data of another shape', REAL.replace('9F101307', '9F101308'), 'bad_value', '9F10'],
    ['a broken track 2', `${REAL}570662123456789A`, 'bad_value', '57'],
  ])('with %s is refused', (_, text, code, object) => {
    const read = readField55Hex(text);
    expect(read.ok ? null : [read.error.code, read.error.object]).toEqual([code, object]);
  });
});
