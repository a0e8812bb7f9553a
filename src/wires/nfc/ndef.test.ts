/** Tags as phones read them: known bytes, long addresses, and what must be refused. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  androidAppOf,
  androidAppRecord,
  readNdef,
  readType2Tag,
  uriOf,
  uriRecord,
  writeNdef,
  writeType2Tag,
} from './ndef.ts';

const URL_TEXT = 'https://render.alipay.com/p/x';

test('one address', () => {
  expect(writeNdef([uriRecord(URL_TEXT)]).toString('hex')).toBe(
    'd10116550472656e6465722e616c697061792e636f6d2f702f78',
  );
});

test('an address and its app, in the memory of a Type 2 tag', () => {
  const message = writeNdef([uriRecord(URL_TEXT), androidAppRecord('com.eg.android.AlipayGphone')]);
  expect(writeType2Tag(message).toString('hex')).toBe(
    '0347910116550472656e6465722e616c697061792e636f6d2f702f78540f1b616e64726f69642e636f6d3a706b67' +
      '636f6d2e65672e616e64726f69642e416c697061794770686f6e65fe',
  );
  const read = readNdef(message);
  expect(read.ok && read.value.map((record) => uriOf(record) ?? androidAppOf(record))).toEqual([
    URL_TEXT,
    'com.eg.android.AlipayGphone',
  ]);
});

test('any address reads back from its tag, beyond 255 bytes too', () => {
  const address = fc
    .tuple(
      fc.constantFrom('https://', 'http://www.', 'https://www.', 'http://', 'weixin://'),
      fc.string({ maxLength: 600 }),
    )
    .map((parts) => parts.join(''))
    .filter((text) => !/\p{Cs}/u.test(text));
  fc.assert(
    fc.property(address, (uri) => {
      const memory = writeType2Tag(writeNdef([uriRecord(uri)]));
      const message = readType2Tag(Buffer.concat([Buffer.from([0, 0]), memory, Buffer.alloc(9)]));
      if (!message.ok) throw new Error(message.error.message);
      const read = readNdef(message.value);
      expect(read.ok && uriOf(read.value[0]!)).toBe(uri);
    }),
  );
});

describe('refused:', () => {
  test.each([
    ['', 'empty'],
    ['d101', 'truncated'],
    ['d1011655', 'truncated'],
    ['f1010155', 'unsupported'],
    ['510100', 'truncated'],
    ['51010055', 'misplaced'],
    ['d1010155' + '00' + 'aa', 'misplaced'],
    ['9101015500' + 'd101015500', 'misplaced'],
  ])('message %s', (bytes, code) => {
    const read = readNdef(Buffer.from(bytes, 'hex'));
    expect(read.ok ? null : read.error.code).toBe(code);
  });

  test.each([
    ['fe', 'missing'],
    ['', 'missing'],
    ['03', 'truncated'],
    ['03ff00', 'truncated'],
    ['0305aa', 'truncated'],
  ])('memory %s', (bytes, code) => {
    const read = readType2Tag(Buffer.from(bytes, 'hex'));
    expect(read.ok ? null : read.error.code).toBe(code);
  });
});
