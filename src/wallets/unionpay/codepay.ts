/**
 * What a buyer presents at a counter, in ACP's fields: a payment code (19 digits, or the EMV form
 * that holds the same number) and a QuickPass tap. Both work once and are never logged or kept.
 */
import type { X509Certificate } from 'node:crypto';
import { err, ok, type Result } from '../../kernel/result.ts';
import { type Field55, readField55Hex, writeField55 } from '../../wires/nfc/field55.ts';
import { writeTrack2 } from '../../wires/nfc/track2.ts';
import { decodeCpm, isCpmPayload } from '../../wires/qr/cpm.ts';
import { UNIONPAY_RID } from '../../wires/qr/merchant-account.ts';
import { certIdOf } from '../../wires/unionpay/certificates.ts';
import { encryptField, writeCardTransData } from '../../wires/unionpay/sensitive.ts';
import type { RequestFields } from './client.ts';

const CODE = /^62[0-9]{17}$/;

export function codeFields(authCode: string): Result<RequestFields, string> {
  const text = authCode.trim();
  if (!isCpmPayload(text)) {
    const digits = text.replace(/ /g, '');
    return CODE.test(digits)
      ? ok({ qrNo: digits })
      : err('a payment code of UnionPay has 19 digits and begins with 62');
  }
  const decoded = decodeCpm(text);
  if (!decoded.ok) return err(decoded.error.message);
  const own = decoded.value.applications.find(({ aid }) => aid.startsWith(UNIONPAY_RID));
  const pan = own?.pan ?? '';
  return CODE.test(pan) ? ok({ qrNo: pan }) : err('the code holds no token of UnionPay');
}

export function readTap(field55Hex: string): Result<Field55, string> {
  const read = readField55Hex(field55Hex);
  if (!read.ok) return err(read.error.message);
  if (read.value.track2 === null) {
    return err('field55 lacks 57 (track 2): the network cannot tell whose card it is');
  }
  return read;
}

/** Track 2 and the sequence number travel in fields of their own, track 2 enciphered. */
export function tapFields(tap: Field55, encryptCert: X509Certificate): RequestFields {
  const chip = new Map(tap.values);
  chip.delete('57');
  chip.delete('5F34');
  const written = writeField55(chip);
  const track2 = tap.track2 === null ? '' : writeTrack2(tap.track2).toString('hex').toUpperCase();
  return {
    cardTransData: writeCardTransData({
      chipDataHex: written.ok ? written.value.toString('hex').toUpperCase() : '',
      sequence: (tap.panSequence ?? '').padStart(3, '0'),
      track2Enciphered: encryptField(encryptCert, track2),
    }),
    encryptCertId: certIdOf(encryptCert),
  };
}
