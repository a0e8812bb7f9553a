/**
 * Codes that the phone shows (付款码): 19 digits from 62, valid for a minute and for one order. A code
 * is a bearer secret of one payment: used or expired it is refused (01), unknown it is 88.
 */
import { must } from '../../../src/kernel/assert.ts';
import { encodeCpm } from '../../../src/wires/qr/cpm.ts';
import { type Answer, type Call, refusal } from './context.ts';
import { amountFields, draftPurchase } from './orders.ts';
import { bookPayment } from './phone.ts';

/** How long the phone waits for its buyer's PIN. */
const CONFIRM_MS = 300_000;
/** 小额免密: above it the buyer enters the PIN on the phone. */
export const NO_PIN_LIMIT_FEN = 100_000n;
const QUICKPASS_AID = 'A000000333010101';

/** The same code in EMV's form, as a QR code that terminals abroad read. */
export function consumerCode(code: string): string {
  const track2 = { pan: code, expiryYymm: '3012', serviceCode: '201', discretionary: '00000000' };
  const application = {
    aid: QUICKPASS_AID,
    ...{ label: null, pan: code, track2, panSequence: '00', issuerData: null },
  };
  const encoded = encodeCpm({ applications: [application], commonData: null });
  return must(encoded.ok ? encoded.value : undefined, 'the EMV form of a payment code');
}

/** 被扫. Accepted is 00; the outcome comes by query and notification. */
export function chargeCode(call: Call, mustConfirm: boolean): Answer {
  const { context, fields } = call;
  const drafted = draftPurchase(call, 'bar', fields.get('qrNo') ?? '', ['qrNo', 'termId']);
  if ('respCode' in drafted) return drafted;
  const { purchase } = drafted;
  switch (context.codes.charge(purchase.code, purchase.key)) {
    case 'unknown':
      return refusal('88', 'qrNo 不存在');
    case 'used':
      return refusal('01', '付款码已使用');
    case 'expired':
      return refusal('01', '付款码已过期');
    case 'charged':
      break;
  }
  const nowMs = context.kit.clock.nowMs();
  const waitsUntilMs = Math.min(purchase.expiresMs, nowMs + CONFIRM_MS);
  const open = context.store.purchases.put({ ...purchase, expiresMs: waitsUntilMs });
  const { queryId } = open;
  const said = { ...amountFields(open), queryId };
  if (mustConfirm || open.amountFen > NO_PIN_LIMIT_FEN) return { respCode: '05', fields: said };
  const coupon = { platformFen: 0n, merchantFen: 0n };
  bookPayment(context, open, { payerWallet: 'unionpay', coupon });
  return { respCode: '00', fields: said };
}
