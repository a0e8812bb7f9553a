/**
 * QuickPass taps: the phone as a card (HCE) with a token of its own, and the issuer's checks of
 * what a terminal read from it. The card's counter and the highest one that the issuer has seen are
 * stored separately in the journal: a tap is single-use, whatever becomes of the order.
 */

import { must } from '../../../src/kernel/assert.ts';
import type { Fen } from '../../../src/kernel/money.ts';
import { beijingYymmdd } from '../../../src/wires/nfc/bcd.ts';
import { deriveTokenKey } from '../../../src/wires/nfc/cryptogram.ts';
import { readField55Hex } from '../../../src/wires/nfc/field55.ts';
import { readTrack2 } from '../../../src/wires/nfc/track2.ts';
import type { RespCode } from '../../../src/wires/unionpay/resp-codes.ts';
import { decryptField, readCardTransData } from '../../../src/wires/unionpay/sensitive.ts';
import { randomDigits } from '../../kit/digits.ts';
import type { CityKit, Collection } from '../../kit/kit.ts';
import { answerCommand, type CardProfile, presentCard } from '../../tap/card.ts';
import { DEFAULT_TERMINAL, runTap } from '../../tap/terminal.ts';
import { type TapRefusal, verifyTap } from '../../tap/verify-cryptogram.ts';
import { type Answer, type Call, type Context, refusal } from './context.ts';
import { readIdentity } from './identity.ts';
import { amountFields, draftPurchase } from './orders.ts';
import { NO_PIN_LIMIT_FEN } from './payment-codes.ts';
import { bookPayment } from './phone.ts';
import type { PurchaseRecord } from './records.ts';

const HOUR_MS = 3_600_000;
const APPLICATION = { aid: 'A000000333010101', label: 'PBOC DEBIT', priority: 1 };

interface TokenRow {
  readonly pan: string;
  readonly panSequence: string;
  readonly expiryYymm: string;
  readonly tokenKeyHex: string;
  /** The card's own counter. */
  readonly cardAtc: number;
  /** The highest that the issuer has seen. */
  readonly seenAtc: number;
  /** The terminal's own counter (9F41). */
  readonly sequence: number;
}

function tokensOf(kit: CityKit): Collection<TokenRow> {
  return kit.journal.collection<TokenRow>('unionpay.tokens');
}

/** The token in the city's phone; created at the first tap. */
function phoneToken(kit: CityKit): TokenRow {
  const known = tokensOf(kit).values().next().value;
  if (known !== undefined) return known;
  const pan = randomDigits(kit.random, 13, '621094');
  const token: TokenRow = {
    pan,
    panSequence: '00',
    expiryYymm: '3512',
    tokenKeyHex: deriveTokenKey(kit.random.bytes(16), pan, '00').toString('hex'),
    ...{ cardAtc: 0, seenAtc: 0, sequence: 0 },
  };
  tokensOf(kit).put(pan, token);
  return token;
}

function profileOf(token: TokenRow): CardProfile {
  const { pan, panSequence, expiryYymm } = token;
  return {
    ...{ pan, panSequence, expiryYymm },
    tokenKey: Buffer.from(token.tokenKeyHex, 'hex'),
    keyIndex: 1,
    applications: [APPLICATION],
    records: 'many',
    asksFor: 'online_pin',
    isBlocked: false,
  };
}

export interface PhoneTap extends Readonly<Record<string, unknown>> {
  /** Empty if the terminal asks for another way to pay. */
  readonly field55: string;
}

/**
 * Holds the phone to a terminal. The counter is stored at every step: an aborted tap uses it up,
 * too.
 */
export async function tap(
  context: Context,
  request: { readonly amountFen: Fen },
): Promise<PhoneTap> {
  const { kit } = context;
  const token = phoneToken(kit);
  const profile = profileOf(token);
  const sequence = (token.sequence % 9_999) + 1;
  let state = presentCard({ atc: token.cardAtc, isBuyerVerified: false });
  const { result, transcript } = await runTap({
    exchange: (command) => {
      const step = answerCommand(profile, state, command);
      state = step.state;
      const row = must(tokensOf(kit).get(token.pan), 'the token in the phone');
      tokensOf(kit).put(token.pan, { ...row, cardAtc: state.atc, sequence });
      return step.response;
    },
    terminal: DEFAULT_TERMINAL,
    transaction: {
      amountFen: request.amountFen,
      dateYymmdd: beijingYymmdd(kit.clock.nowMs()),
      unpredictableNumber: kit.random.bytes(4),
      sequence,
    },
  });
  const trace = transcript.map(({ step, command, response }) => ({
    step,
    command: command.toString('hex').toUpperCase(),
    response: response?.toString('hex').toUpperCase() ?? null,
  }));
  if (result.outcome !== 'online')
    return { field55: '', outcome: result.outcome, transcript: trace };
  const { field55, verification } = result;
  return { field55, outcome: 'online', verification, transcript: trace };
}

const REFUSALS: Readonly<Record<TapRefusal, RespCode>> = {
  cryptogram_not_online: '60',
  cryptogram_unsupported: '68',
  cryptogram_wrong: '60',
  counter_replayed: '60',
  amount_mismatch: '36',
  currency_mismatch: '36',
  date_mismatch: '36',
  type_mismatch: '36',
  token_expired: '73',
};

export function chargeTap(call: Call): Answer {
  const drafted = draftPurchase(call, 'nfc', '', ['cardTransData', 'encryptCertId', 'termId']);
  if ('respCode' in drafted) return drafted;
  const { context } = call;
  // A tap has no code that a phone could scan; the store needs one of its own.
  const purchase = { ...drafted.purchase, code: `tap ${drafted.purchase.key}` };
  const said = { ...amountFields(purchase), queryId: purchase.queryId };
  const problem = judge(call, purchase);
  if (problem !== undefined) {
    context.store.purchases.put({ ...purchase, state: 'failed', failCode: problem.respCode });
    return { ...problem, fields: said };
  }
  const coupon = { platformFen: 0n, merchantFen: 0n };
  bookPayment(context, purchase, { payerWallet: 'unionpay', coupon });
  return { respCode: '00', fields: said };
}

/** The acquirer's and the issuer's checks; undefined = approved. */
function judge({ context, fields }: Call, purchase: PurchaseRecord): Answer | undefined {
  const { kit } = context;
  const { encryption } = readIdentity(kit);
  const card = readCardTransData(fields.get('cardTransData') ?? '');
  if (card === undefined) return refusal('10', 'cardTransData 格式错误');
  if (fields.get('encryptCertId') !== encryption.certId) {
    return refusal('10', 'encryptCertId 不是现行加密证书');
  }
  const track2Hex = decryptField(encryption.privateKeyPem, card.track2Enciphered) ?? '';
  const track2 = readTrack2(Buffer.from(track2Hex, 'hex'), { object: '57', position: 0 });
  const field55 = readField55Hex(card.chipDataHex);
  if (!track2.ok || !field55.ok) return refusal('10', 'cardTransData 内容错误');
  const token = tokensOf(kit).get(track2.value.pan);
  if (token === undefined || card.sequence !== token.panSequence.padStart(3, '0')) {
    return refusal('61', '卡号不存在');
  }
  const verdict = verifyTap(
    field55.value,
    {
      tokenKey: Buffer.from(token.tokenKeyHex, 'hex'),
      lastAtc: token.seenAtc,
      expiryYymm: token.expiryYymm,
    },
    {
      amountFen: purchase.amountFen,
      currency: '0156',
      nowMs: kit.clock.nowMs(),
      clockToleranceMs: HOUR_MS,
      noPinLimitFen: NO_PIN_LIMIT_FEN,
    },
  );
  tokensOf(kit).put(token.pan, { ...token, seenAtc: verdict.lastAtc });
  switch (verdict.verdict) {
    case 'approved':
      return undefined;
    case 'pin_required':
      return refusal('65', '超过小额免密限额，请输入密码');
    case 'refused':
      return refusal(REFUSALS[verdict.refusal], verdict.message);
  }
}
