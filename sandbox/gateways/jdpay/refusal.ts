/**
 * Refusals of the sandbox. JD's own list of result codes is not public, so these are the city's and
 * look like no real ones: a client that branches on them was written for the sandbox, not for JD.
 */
import { err, type Result } from '../../../src/kernel/result.ts';
import type { MessageResult } from '../../../src/wires/jdpay/message.ts';

export const RESULT_CODES = {
  unreadable: 'SBX0001',
  unknownMerchant: 'SBX0002',
  badSignature: 'SBX0003',
  notDecryptable: 'SBX0004',
  serviceNotOpened: 'SBX0005',
  serviceUnknown: 'SBX0006',
  foreignHost: 'SBX0007',
  fieldInvalid: 'SBX1001',
  orderNotFound: 'SBX2001',
  numberUsed: 'SBX2002',
  orderPaid: 'SBX2003',
  orderClosed: 'SBX2004',
  codeInvalid: 'SBX2005',
  refundTooMuch: 'SBX3001',
  notRefundable: 'SBX3002',
  rateLimited: 'SBX9001',
} as const;

export type Refusal = MessageResult;

export function refuse(code: keyof typeof RESULT_CODES, desc: string): Result<never, Refusal> {
  return err({ code: RESULT_CODES[code], desc });
}
