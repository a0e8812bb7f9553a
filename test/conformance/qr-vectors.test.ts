/**
 * QR and NFC codecs against others: the shared vectors, pictures drawn by one library and read back
 * by another, the openssl command, and a second reading of the rules that shares no code.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import jsqr from 'jsqr';
import QRCode from 'qrcode';
import { describe, expect, test } from 'vitest';
import { answerCommand, presentCard } from '../../sandbox/tap/card.ts';
import { DEFAULT_TERMINAL, runTap } from '../../sandbox/tap/terminal.ts';
import {
  computeArpc,
  computeArqc,
  deriveSessionKey,
  deriveTokenKey,
} from '../../src/wires/nfc/cryptogram.ts';
import { retailMac } from '../../src/wires/nfc/triple-des.ts';
import { decodeCpm } from '../../src/wires/qr/cpm.ts';
import { decodeMpm } from '../../src/wires/qr/mpm.ts';
import { encodeMpmObjects } from '../../src/wires/qr/mpm-encode.ts';
import { sharedVectors } from '../helpers/vectors.ts';
import { isArqcRight, macOf, sessionKeyOf } from './second-verifier-nfc.ts';

interface EmvVector {
  readonly kind: 'mpm' | 'cpm';
  readonly payload: string;
  readonly valid?: boolean;
}

interface ArqcVector {
  readonly imk_ac: string;
  readonly pan: string;
  readonly psn: string;
  readonly udk: string;
  readonly atc: string;
  readonly sk: string;
  readonly data: string;
  readonly arqc: string;
  readonly arc: string;
  readonly arpc: string;
}

const hex = (text: string) => Buffer.from(text, 'hex');
const upper = (bytes: Buffer) => bytes.toString('hex').toUpperCase();
const emv = sharedVectors<EmvVector>('emv');
const pboc = sharedVectors<ArqcVector>('pboc_arqc');

describe('shared vectors', () => {
  test.skipIf(emv === undefined)('EMVCo payloads', () => {
    for (const { kind, payload, valid } of emv ?? []) {
      const decoded = kind === 'mpm' ? decodeMpm(payload) : decodeCpm(payload);
      expect(decoded.ok, payload).toBe(valid ?? true);
      if (kind !== 'mpm' || !decoded.ok || !('objects' in decoded.value)) continue;
      expect(encodeMpmObjects(decoded.value.objects)).toEqual({ ok: true, value: payload });
    }
    expect(emv?.length).toBeGreaterThanOrEqual(2);
  });

  test.skipIf(pboc === undefined)('PBoC keys and cryptograms', () => {
    for (const vector of pboc ?? []) {
      const tokenKey = deriveTokenKey(hex(vector.imk_ac), vector.pan, vector.psn);
      const sessionKey = deriveSessionKey(tokenKey, hex(vector.atc));
      const arqc = computeArqc(sessionKey, hex(vector.data));
      const arpc = computeArpc(sessionKey, arqc, hex(vector.arc).toString('latin1'));
      expect([tokenKey, sessionKey, arqc, arpc].map(upper)).toEqual([
        vector.udk,
        vector.sk,
        vector.arqc,
        vector.arpc,
      ]);
      // The second verifier reaches the same by other means.
      expect(upper(sessionKeyOf(hex(vector.udk), hex(vector.atc)))).toBe(vector.sk);
      expect(upper(macOf(hex(vector.sk), hex(vector.data)))).toBe(vector.arqc);
    }
    expect(pboc?.length).toBeGreaterThanOrEqual(1);
  });
});

describe('pictures, drawn by one library and read by another', () => {
  const payloads = {
    'a merchant code with Chinese names':
      '0002010102121531480200004802000077729005811004826300017cn.example.hutong0105M00015204531153' +
      '03156540410.55802CN5911HUTONG DEMO6007BEIJING62250509ORDER000107080000000164200002ZH0104' +
      '互通示例0202北京63049CA8',
    'a consumer code': 'hQVDUFYwMWEaTwegAAAAVVVVVw8SNFZ4kBI0WNGRIgESNF8=',
    'a payment code': '6212345678901234567',
  };
  test.each(Object.entries(payloads))('%s', (_, payload) => {
    expect(readPicture(payload)).toBe(payload);
  });
});

/** Draws the modules of `qrcode` as pixels, four a module, and lets jsqr look at them. */
function readPicture(payload: string): string | undefined {
  const { modules } = QRCode.create(payload, { errorCorrectionLevel: 'M' });
  const scale = 4;
  const quiet = 4;
  const width = (modules.size + 2 * quiet) * scale;
  const pixels = new Uint8ClampedArray(width * width * 4).fill(255);
  for (let y = 0; y < width; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const [row, column] = [y, x].map((pixel) => Math.floor(pixel / scale) - quiet) as [
        number,
        number,
      ];
      const isInside = row >= 0 && column >= 0 && row < modules.size && column < modules.size;
      if (isInside && modules.get(row, column) === 1)
        pixels.fill(0, (y * width + x) * 4, (y * width + x) * 4 + 3);
    }
  }
  const found = (jsqr as unknown as typeof jsqr.default)(pixels, width, width);
  // jsqr guesses Latin-1 or Shift-JIS for bytes; the bytes themselves are what was drawn.
  return found === null ? undefined : Buffer.from(found.binaryData).toString('utf8');
}

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

describe.skipIf(!hasOpenssl)('the openssl command agrees', () => {
  const openssl = (cipher: string, key: Buffer, input: Buffer, more: readonly string[] = []) =>
    execFileSync('openssl', ['enc', `-${cipher}`, '-nopad', '-K', key.toString('hex'), ...more], {
      input,
      stdio: ['pipe', 'pipe', 'ignore'],
    });

  test('about token key, session key and retail MAC', () => {
    const issuerKey = hex('F0C34A8124CEE0A91A0B034AA97D6EAC');
    const y = hex('0622800010000101');
    const complement = Buffer.from(y.map((byte) => byte ^ 0xff));
    const tokenKey = openssl('des-ede', issuerKey, Buffer.concat([y, complement]));
    expect(deriveTokenKey(issuerKey, '6228000100001', '01')).toEqual(tokenKey);
    const sessionKey = openssl('des-ede', tokenKey, hex('0000000000000240000000000000FDBF'));
    expect(deriveSessionKey(tokenKey, hex('0240'))).toEqual(sessionKey);
    const data = hex('000000000001000000000000015600800460000156140701001E78EEBC7D00024003A04002');
    const [left, right] = [sessionKey.subarray(0, 8), sessionKey.subarray(8)];
    const twice = (half: Buffer) => Buffer.concat([half, half]);
    const padded = Buffer.concat([data, hex('800000')]);
    const chain = openssl('des-ede-cbc', twice(left), padded, ['-iv', '0'.repeat(16)]);
    const middle = openssl('des-ede', twice(right), chain.subarray(-8), ['-d']);
    expect(retailMac(sessionKey, data)).toEqual(openssl('des-ede', twice(left), middle));
  });
});

test('a second verifier accepts the cryptogram of a whole tap, and no changed one', async () => {
  const pan = '6210940000000000018';
  const tokenKey = deriveTokenKey(hex('0123456789ABCDEFFEDCBA9876543210'), pan, '00');
  let state = presentCard({ atc: 41, isBuyerVerified: true });
  const { result } = await runTap({
    exchange: (command) => {
      const step = answerCommand(
        {
          pan,
          panSequence: '00',
          expiryYymm: '3012',
          tokenKey,
          keyIndex: 1,
          applications: [{ aid: 'A000000333010102', label: 'UICC CREDIT', priority: 1 }],
          records: 'one',
          asksFor: 'device',
          isBlocked: false,
        },
        state,
        command,
      );
      state = step.state;
      return step.response;
    },
    terminal: DEFAULT_TERMINAL,
    transaction: {
      amountFen: 123_456n,
      dateYymmdd: '261122',
      unpredictableNumber: hex('DEADBEEF'),
      sequence: 9,
    },
  });
  if (result.outcome !== 'online') throw new Error(`the tap ended as ${result.outcome}`);
  expect(isArqcRight(hex(result.field55), tokenKey)).toBe(true);
  const other = result.field55.replace('9F0206000000123456', '9F0206000000123457');
  expect(other).not.toBe(result.field55);
  expect(isArqcRight(hex(other), tokenKey)).toBe(false);
});
