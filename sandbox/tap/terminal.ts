/**
 * A terminal's contactless kernel, reduced to what a payment needs: SELECT PPSE, SELECT AID, GPO,
 * READ RECORD against anything that answers APDUs, then field 55. It leaves the issuer's decisions
 * to the issuer: a cryptogram always goes online. A card that left the field is retried, not
 * declined.
 */

import type { Fen } from '../../src/kernel/money.ts';
import { err, ok, type Result } from '../../src/kernel/result.ts';
import type { CodecError } from '../../src/wires/codec-error.ts';
import { codecError } from '../../src/wires/codec-error.ts';
import { type ResponseApdu, readResponse, STATUS } from '../../src/wires/nfc/apdu.ts';
import { amountBytes, digitsBytes } from '../../src/wires/nfc/bcd.ts';
import { findTlv, readTlv, type Tlv } from '../../src/wires/nfc/ber-tlv.ts';
import { type DolEntry, fillDol, readDol } from '../../src/wires/nfc/dol.ts';
import { writeField55 } from '../../src/wires/nfc/field55.ts';
import { CTQ, has, TTQ, withBits } from '../../src/wires/nfc/qualifiers.ts';
import { readTrack2, type Track2 } from '../../src/wires/nfc/track2.ts';
import { gpoCommand, PPSE, readAfl, readRecordCommand, selectCommand } from './commands.ts';

export interface TerminalProfile {
  /** Application ids (or their beginnings) that it can pay with, upper-case hex. */
  readonly aids: readonly string[];
  /** TTQ without what the amount adds. */
  readonly qualifiers: Buffer;
  readonly country: string;
  readonly currency: string;
  /** DF19: above it the card must give an online cryptogram. */
  readonly floorFen: Fen;
  /** DF21: above it the buyer must be verified. 小额免密免签. */
  readonly cvmLimitFen: Fen;
  /** DF20: above it a card must be inserted or a code shown. */
  readonly contactlessLimitFen: Fen;
  /** 9F33, 9F35, 9F09: three bytes, one, two, in hex. */
  readonly capabilities: string;
  readonly type: string;
  readonly applicationVersion: string;
  /** Eight characters. */
  readonly serialNumber: string;
}

/** Online PIN and signature, verification on the device, fDDA; yuan; no PIN up to CNY 1,000. */
export const DEFAULT_TERMINAL: TerminalProfile = Object.freeze({
  aids: ['A000000333'],
  qualifiers: Buffer.from('26004080', 'hex'),
  country: '0156',
  currency: '0156',
  floorFen: 0n,
  cvmLimitFen: 1_000_00n,
  contactlessLimitFen: 50_000_00n,
  capabilities: 'E0E9C8',
  type: '22',
  applicationVersion: '0020',
  serialNumber: 'HUTONG01',
});

export interface TapTransaction {
  readonly amountFen: Fen;
  readonly dateYymmdd: string;
  /** Four unpredictable bytes. */
  readonly unpredictableNumber: Buffer;
  /** 9F41, counted by the terminal. */
  readonly sequence: number;
}

/** null = the card has left the field. */
export type CardExchange = (command: Buffer) => Promise<Buffer | null> | Buffer | null;

export type TapStep =
  | 'select_directory'
  | 'select_application'
  | 'processing_options'
  | 'read_record';

export interface TapExchange {
  readonly step: TapStep;
  readonly command: Buffer;
  readonly response: Buffer | null;
  /** The meaning of the command's data: the card's own list, for GPO only. */
  readonly dol: readonly DolEntry[] | null;
}

export type TapOutcome =
  | {
      readonly outcome: 'online';
      /** Hex; what `payer.field55` wants. */
      readonly field55: string;
      readonly verification: 'none' | 'device' | 'online_pin' | 'signature';
      readonly track2: Track2;
      readonly panSequence: string | null;
    }
  /** The card itself refused (AAC), or is expired. */
  | { readonly outcome: 'declined'; readonly reason: 'card_refused' | 'expired' }
  /** Unlock the phone, then tap again. */
  | { readonly outcome: 'see_phone' }
  | { readonly outcome: 'try_again'; readonly reason: 'card_left' }
  | {
      readonly outcome: 'other_interface';
      readonly reason: 'no_directory' | 'no_common_application' | 'card_says_so' | 'over_limit';
    }
  | { readonly outcome: 'card_fault'; readonly error: CodecError };

export interface TapResult {
  readonly result: TapOutcome;
  readonly transcript: readonly TapExchange[];
}

export interface TapRequest {
  readonly exchange: CardExchange;
  readonly terminal: TerminalProfile;
  readonly transaction: TapTransaction;
}

export async function runTap(request: TapRequest): Promise<TapResult> {
  const transcript: TapExchange[] = [];
  const { terminal, transaction } = request;
  if (transaction.amountFen > terminal.contactlessLimitFen) {
    return { result: { outcome: 'other_interface', reason: 'over_limit' }, transcript };
  }
  const driven = await drive(request, async (step, command, dol = null) => {
    const response = await request.exchange(command);
    transcript.push({ step, dol, command, response });
    if (response === null) return err({ outcome: 'try_again', reason: 'card_left' });
    const read = readResponse(response);
    return read.ok ? read : faulty(read.error);
  });
  return { result: driven.ok ? driven.value : driven.error, transcript };
}

/** A step that ends the tap early answers with the outcome as its error. */
type Step<T> = Result<T, TapOutcome>;

/** Sends one command to the card; the transcript has it with its answer. */
type Send = (
  step: TapStep,
  command: Buffer,
  dol?: TapExchange['dol'],
) => Promise<Step<ResponseApdu>>;

async function drive(request: TapRequest, send: Send): Promise<Step<TapOutcome>> {
  const aid = await chooseApplication(request.terminal, send);
  if (!aid.ok) return aid;
  const pdol = await selectApplication(send, aid.value);
  if (!pdol.ok) return pdol;
  const sent = terminalValues(request);
  const command = gpoCommand(fillDol(pdol.value, sent));
  const answered = await send('processing_options', command, pdol.value);
  if (!answered.ok) return answered;
  const { sw } = answered.value;
  if (sw === STATUS.seePhone) return err({ outcome: 'see_phone' });
  if (sw !== STATUS.ok) return err({ outcome: 'other_interface', reason: 'card_says_so' });
  const card = await readCard(send, answered.value.data);
  if (!card.ok) return card;
  const values = new Map([...sent, ...card.value, ['84', Buffer.from(aid.value, 'hex')]]);
  return conclude(request, values);
}

function templateOf(data: Buffer, allowsPadding: boolean): Step<Tlv[]> {
  const read = readTlv(data, { allowsPadding });
  return read.ok ? read : faulty(read.error);
}

/** Of the applications that both can use, the one that the buyer put first. */
async function chooseApplication(terminal: TerminalProfile, send: Send): Promise<Step<string>> {
  const answered = await send('select_directory', selectCommand(PPSE));
  if (!answered.ok) return answered;
  if (answered.value.sw !== STATUS.ok) {
    return err({ outcome: 'other_interface', reason: 'no_directory' });
  }
  const read = templateOf(answered.value.data, false);
  if (!read.ok) return read;
  const entries = findTlv(read.value, 'BF0C')?.children ?? [];
  const usable = entries
    .filter(({ tag }) => tag === '61')
    .map((entry) => ({
      aid: findTlv([entry], '4F')?.value.toString('hex').toUpperCase() ?? '',
      // Without a priority an application comes last (EMV Book 1, 12.4).
      priority: (findTlv([entry], '87')?.value[0] ?? 0) & 0x0f || 16,
    }))
    .filter(({ aid }) => terminal.aids.some((known) => aid.startsWith(known)))
    .filter(({ aid }) => aid.length >= 10 && aid.length <= 32)
    .sort((a, b) => a.priority - b.priority);
  const [first] = usable;
  if (first === undefined) {
    return err({ outcome: 'other_interface', reason: 'no_common_application' });
  }
  return ok(first.aid);
}

async function selectApplication(send: Send, aid: string): Promise<Step<DolEntry[]>> {
  const answered = await send('select_application', selectCommand(Buffer.from(aid, 'hex')));
  if (!answered.ok) return answered;
  if (answered.value.sw !== STATUS.ok) {
    return err({ outcome: 'other_interface', reason: 'card_says_so' });
  }
  const read = templateOf(answered.value.data, false);
  if (!read.ok) return read;
  const pdol = readDol(findTlv(read.value, '9F38')?.value ?? Buffer.alloc(0));
  return pdol.ok ? pdol : faulty(pdol.error);
}

/** The terminal's data about itself and the payment, by tag. */
function terminalValues(request: TapRequest): ReadonlyMap<string, Buffer> {
  const { terminal, transaction } = request;
  const { amountFen } = transaction;
  const added = [
    ...(amountFen > terminal.floorFen ? [TTQ.wantsOnline] : []),
    ...(amountFen > terminal.cvmLimitFen ? [TTQ.wantsCvm] : []),
  ];
  return new Map([
    ['9F66', withBits(terminal.qualifiers, added)],
    ['9F02', amountBytes(amountFen)],
    ['9F03', amountBytes(0n)],
    ['9F1A', Buffer.from(terminal.country, 'hex')],
    ['95', Buffer.alloc(5)],
    ['5F2A', Buffer.from(terminal.currency, 'hex')],
    ['9A', Buffer.from(transaction.dateYymmdd, 'hex')],
    ['9C', Buffer.from([0])],
    ['9F37', transaction.unpredictableNumber],
    ['9F33', Buffer.from(terminal.capabilities, 'hex')],
    ['9F35', Buffer.from(terminal.type, 'hex')],
    ['9F1E', Buffer.from(terminal.serialNumber, 'latin1')],
    ['9F09', Buffer.from(terminal.applicationVersion, 'hex')],
    ['9F41', digitsBytes(String(transaction.sequence), 4)],
  ]);
}

/** The GPO answer and every record that it points to: all must be read before the card leaves. */
async function readCard(send: Send, data: Buffer): Promise<Step<ReadonlyMap<string, Buffer>>> {
  const read = templateOf(data, true);
  if (!read.ok) return read;
  const template = read.value.find(({ tag }) => tag === '77');
  if (template?.children == null) {
    return fault('unsupported', '77', 'A contactless card answers GPO with a template 77.');
  }
  const values = new Map<string, Buffer>();
  const kept = keep(values, template.children);
  if (!kept.ok) return kept;
  const records = readAfl(values.get('94') ?? Buffer.alloc(0));
  if (!records.ok) return faulty(records.error);
  for (const reference of records.value) {
    const answered = await send('read_record', readRecordCommand(reference));
    if (!answered.ok) return answered;
    const record = templateOf(answered.value.data, true);
    if (!record.ok) return record;
    const inner = record.value.find(({ tag }) => tag === '70')?.children;
    if (answered.value.sw !== STATUS.ok || inner == null) {
      return fault('missing', '70', 'The card lacks a record that its file locator names.');
    }
    const recordKept = keep(values, inner);
    if (!recordKept.ok) return recordKept;
  }
  return ok(values);
}

/** A repeated value makes the tap invalid: it is unclear which one to trust. */
function keep(values: Map<string, Buffer>, objects: readonly Tlv[]): Step<null> {
  for (const { tag, value } of objects) {
    if (values.has(tag)) return fault('duplicate', tag, `The card gives ${tag} twice.`);
    values.set(tag, value);
  }
  return ok(null);
}

function faulty(error: CodecError): Step<never> {
  return err({ outcome: 'card_fault', error });
}

function fault(code: CodecError['code'], object: string, message: string): Step<never> {
  return faulty(codecError(code, { object, position: 0 }, message));
}

function conclude(request: TapRequest, values: ReadonlyMap<string, Buffer>): Step<TapOutcome> {
  const track2 = readTrack2(values.get('57') ?? Buffer.alloc(0), { object: '57', position: 0 });
  if (!track2.ok) return faulty(track2.error);
  const field55 = writeField55(values);
  if (!field55.ok) return faulty(field55.error);
  // A TC (offline approval) is neither requested nor accepted: money moves only with the issuer's
  // approval.
  if ((values.get('9F27')?.[0] ?? 0) >> 6 !== 2) {
    return err({ outcome: 'declined', reason: 'card_refused' });
  }
  const month = request.transaction.dateYymmdd.slice(0, 4);
  if (track2.value.expiryYymm < month) return err({ outcome: 'declined', reason: 'expired' });
  return ok({
    outcome: 'online',
    field55: field55.value.toString('hex').toUpperCase(),
    verification: verificationOf(request, values.get('9F6C') ?? Buffer.alloc(2)),
    track2: track2.value,
    panSequence: values.get('5F34')?.toString('hex') ?? null,
  });
}

/**
 * The order: done on the device, below the limit, the card's preference, then PIN before signature.
 */
function verificationOf(
  request: TapRequest,
  card: Buffer,
): 'none' | 'device' | 'online_pin' | 'signature' {
  const { terminal, transaction } = request;
  if (has(card, CTQ.deviceCvmDone)) return 'device';
  if (transaction.amountFen <= terminal.cvmLimitFen) return 'none';
  if (has(card, CTQ.onlinePin)) return 'online_pin';
  if (has(card, CTQ.signature)) return 'signature';
  return has(terminal.qualifiers, TTQ.onlinePin) ? 'online_pin' : 'signature';
}
