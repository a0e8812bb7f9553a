/**
 * A phone as a QuickPass card (HCE): a pure state machine over APDUs. It holds a token, never the
 * card's own number, and computes its cryptogram with the token's key. The caller stores the state:
 * the counter (ATC) increments at every GPO, aborted taps included, and never decreases.
 */
import { assert } from '../../src/kernel/assert.ts';
import { readCommand, STATUS, writeResponse } from '../../src/wires/nfc/apdu.ts';
import { findTlv, readTlv, writeTlv } from '../../src/wires/nfc/ber-tlv.ts';
import { computeArqc, cryptogramData, deriveSessionKey } from '../../src/wires/nfc/cryptogram.ts';
import { type DolEntry, readDolData, writeDol } from '../../src/wires/nfc/dol.ts';
import {
  CVR_AAC,
  CVR_ARQC,
  CVR_VERIFIED_BY_CARD,
  writeIssuerData,
} from '../../src/wires/nfc/issuer-data.ts';
import { CTQ, has, TTQ, withBits } from '../../src/wires/nfc/qualifiers.ts';
import { writeCompressedDigits, writeTrack2 } from '../../src/wires/nfc/track2.ts';
import { INSTRUCTION, PPSE } from './commands.ts';

export interface CardApplication {
  /** Upper-case hex. */
  readonly aid: string;
  readonly label: string;
  /** 1 is the buyer's favourite. */
  readonly priority: number;
}

export interface CardProfile {
  /** The token's number (设备卡号). */
  readonly pan: string;
  /** Two digits. */
  readonly panSequence: string;
  readonly expiryYymm: string;
  /** UDK, 16 bytes: what `deriveTokenKey` gives. */
  readonly tokenKey: Buffer;
  readonly keyIndex: number;
  readonly applications: readonly CardApplication[];
  /** Whether the card has further data in records, and in how many. */
  readonly records: 'none' | 'one' | 'many';
  /** What it asks for above the limit while its buyer has not unlocked it. */
  readonly asksFor: 'online_pin' | 'device';
  /** Answers every tap with a refusal (AAC). */
  readonly isBlocked: boolean;
}

/** JSON, so that it can be stored. */
export interface CardState {
  readonly phase: 'idle' | 'directory' | 'selected' | 'answered';
  readonly aid: string | null;
  /** Of the last GPO. */
  readonly atc: number;
  /** The buyer unlocked the phone for this tap: good for one GPO. */
  readonly isBuyerVerified: boolean;
}

export interface CardStep {
  readonly state: CardState;
  readonly response: Buffer;
}

/** What real QuickPass cards ask for: 33 bytes. */
const CARD_PDOL: readonly DolEntry[] = Object.freeze([
  { tag: '9F66', length: 4 },
  { tag: '9F02', length: 6 },
  { tag: '9F03', length: 6 },
  { tag: '9F1A', length: 2 },
  { tag: '95', length: 5 },
  { tag: '5F2A', length: 2 },
  { tag: '9A', length: 3 },
  { tag: '9C', length: 1 },
  { tag: '9F37', length: 4 },
]);

/** Cardholder verification is supported, nothing else: no offline data authentication. */
const INTERCHANGE_PROFILE = Buffer.from('1000', 'hex');
const SERVICE_CODE = '201';
const ATC_MAX = 0xffff;
const RECORD_SFI = 1;

/** A phone held to a terminal, with its counter's last value. */
export function presentCard(last: {
  readonly atc: number;
  readonly isBuyerVerified: boolean;
}): CardState {
  assert(last.atc >= 0 && last.atc <= ATC_MAX, 'a counter has two bytes');
  return { phase: 'idle', aid: null, atc: last.atc, isBuyerVerified: last.isBuyerVerified };
}

export function answerCommand(profile: CardProfile, state: CardState, bytes: Buffer): CardStep {
  const command = readCommand(bytes);
  if (!command.ok) return refuse(state, STATUS.wrongLength);
  const { cla, ins, p1, p2, data } = command.value;
  if (cla === 0x00 && ins === INSTRUCTION.select) {
    return p1 === 0x04 && p2 === 0x00
      ? select(profile, state, data)
      : refuse(state, STATUS.wrongParameters);
  }
  if (cla === 0x80 && ins === INSTRUCTION.gpo) {
    return p1 === 0 && p2 === 0
      ? processingOptions(profile, state, data)
      : refuse(state, STATUS.wrongParameters);
  }
  if (cla === 0x00 && ins === INSTRUCTION.readRecord) return readRecord(profile, state, p1, p2);
  const isKnownClass = cla === 0x00 || cla === 0x80;
  return refuse(state, isKnownClass ? STATUS.unknownInstruction : STATUS.unknownClass);
}

function refuse(state: CardState, sw: number): CardStep {
  return { state, response: writeResponse({ data: Buffer.alloc(0), sw }) };
}

function answer(state: CardState, data: Buffer): CardStep {
  return { state, response: writeResponse({ data, sw: STATUS.ok }) };
}

function select(profile: CardProfile, state: CardState, name: Buffer): CardStep {
  if (name.equals(PPSE)) {
    return answer({ ...state, phase: 'directory', aid: null }, directory(profile));
  }
  if (state.phase === 'idle') return refuse(state, STATUS.conditions);
  const aid = name.toString('hex').toUpperCase();
  const application = profile.applications.find((one) => one.aid === aid);
  if (application === undefined) return refuse(state, STATUS.notFound);
  return answer({ ...state, phase: 'selected', aid }, controlInformation(application));
}

function directory(profile: CardProfile): Buffer {
  const entries = profile.applications.map(({ aid, label, priority }) =>
    writeTlv(
      '61',
      join(hex('4F', aid), text('50', label), writeTlv('87', Buffer.from([priority]))),
    ),
  );
  const proprietary = writeTlv('A5', writeTlv('BF0C', join(...entries)));
  return writeTlv('6F', join(writeTlv('84', PPSE), proprietary));
}

function controlInformation(application: CardApplication): Buffer {
  const proprietary = join(
    text('50', application.label),
    writeTlv('87', Buffer.from([application.priority])),
    writeTlv('9F38', writeDol(CARD_PDOL)),
    text('5F2D', 'zh'),
    writeTlv('BF0C', hex('9F4D', '0B0A')),
  );
  return writeTlv('6F', join(hex('84', application.aid), writeTlv('A5', proprietary)));
}

/**
 * The core of a tap: increments the counter, decides what to ask for, and signs with the session
 * key.
 */
function processingOptions(profile: CardProfile, before: CardState, data: Buffer): CardStep {
  if (before.phase !== 'selected' || before.atc >= ATC_MAX) {
    return refuse(before, STATUS.conditions);
  }
  const command = readTlv(data);
  const asked = command.ok ? findTlv(command.value, '83') : undefined;
  const values = asked === undefined ? undefined : readDolData(CARD_PDOL, asked.value);
  const state: CardState = {
    ...before,
    phase: 'answered',
    atc: before.atc + 1,
    isBuyerVerified: false,
  };
  if (values === undefined) return refuse({ ...state, phase: 'selected' }, STATUS.wrongLength);
  const terminal = values.get('9F66') ?? Buffer.alloc(4);
  const verification = verificationFor(profile, before.isBuyerVerified, terminal);
  if (!has(terminal, TTQ.quickPboc) || verification === 'impossible') {
    return refuse({ ...state, phase: 'selected' }, STATUS.conditions);
  }
  if (verification === 'see_phone') {
    return refuse({ ...state, phase: 'selected' }, STATUS.seePhone);
  }
  return answer(state, signedAnswer({ profile, atc: state.atc, values, verification }));
}

type Verification =
  | 'none'
  | 'device_done'
  | 'online_pin'
  | 'signature'
  | 'see_phone'
  | 'impossible';

function verificationFor(
  profile: CardProfile,
  isBuyerVerified: boolean,
  terminal: Buffer,
): Verification {
  if (isBuyerVerified) return 'device_done';
  if (!has(terminal, TTQ.wantsCvm)) return 'none';
  const canDevice = has(terminal, TTQ.deviceCvm);
  const canPin = has(terminal, TTQ.onlinePin);
  if (canPin && (profile.asksFor === 'online_pin' || !canDevice)) return 'online_pin';
  if (canDevice) return 'see_phone';
  return has(terminal, TTQ.signature) ? 'signature' : 'impossible';
}

function signedAnswer(tap: {
  readonly profile: CardProfile;
  readonly atc: number;
  readonly values: ReadonlyMap<string, Buffer>;
  readonly verification: Verification;
}): Buffer {
  const { profile, verification } = tap;
  const atc = Buffer.from([tap.atc >> 8, tap.atc & 0xff]);
  const results = Buffer.from([
    3,
    (profile.isBlocked ? CVR_AAC : CVR_ARQC) |
      (verification === 'device_done' ? CVR_VERIFIED_BY_CARD : 0),
    0,
    0,
  ]);
  const signed = new Map([...tap.values, ['82', INTERCHANGE_PROFILE], ['9F36', atc]]);
  const data = cryptogramData(signed, results);
  assert(data !== undefined, "the card's PDOL asks for all that its cryptogram covers");
  const cryptogram = computeArqc(deriveSessionKey(profile.tokenKey, atc), data);
  const issuerData = writeIssuerData({
    keyIndex: profile.keyIndex,
    cryptogramVersion: 1,
    cardVerificationResults: results,
    algorithm: 1,
    discretionary: Buffer.alloc(0),
  });
  const locator = fileLocator(profile);
  return writeTlv(
    '77',
    join(
      writeTlv('82', INTERCHANGE_PROFILE),
      ...(locator === undefined ? [] : [writeTlv('94', locator)]),
      writeTlv('9F36', atc),
      writeTlv('57', track2Of(profile)),
      hex('5F34', profile.panSequence),
      writeTlv('9F10', issuerData),
      writeTlv('9F26', cryptogram),
      writeTlv('9F27', Buffer.from([profile.isBlocked ? 0x00 : 0x80])),
      writeTlv('9F6C', qualifiersFor(verification)),
    ),
  );
}

function qualifiersFor(verification: Verification): Buffer {
  const none = Buffer.alloc(2);
  if (verification === 'device_done') return withBits(none, [CTQ.deviceCvmDone]);
  if (verification === 'online_pin') return withBits(none, [CTQ.onlinePin]);
  return verification === 'signature' ? withBits(none, [CTQ.signature]) : none;
}

function track2Of(profile: CardProfile): Buffer {
  const { pan, expiryYymm } = profile;
  return writeTrack2({ pan, expiryYymm, serviceCode: SERVICE_CODE, discretionary: '00000000' });
}

function fileLocator(profile: CardProfile): Buffer | undefined {
  const count = recordsOf(profile).length;
  return count === 0 ? undefined : Buffer.from([RECORD_SFI << 3, 1, count, 0]);
}

/** Expiry is never in the last record: that one may be lost when the phone is taken away. */
function recordsOf(profile: CardProfile): readonly Buffer[] {
  const expiry = join(
    hex('5F24', `${profile.expiryYymm}28`),
    writeTlv('5A', writeCompressedDigits(profile.pan)),
  );
  const usage = join(hex('9F07', 'FF00'), hex('5F28', '0156'));
  switch (profile.records) {
    case 'none':
      return [];
    case 'one':
      return [writeTlv('70', join(expiry, usage))];
    case 'many':
      return [writeTlv('70', expiry), writeTlv('70', usage), writeTlv('70', hex('9F08', '0030'))];
  }
}

function readRecord(profile: CardProfile, state: CardState, p1: number, p2: number): CardStep {
  if (state.phase !== 'answered') return refuse(state, STATUS.conditions);
  if ((p2 & 0x07) !== 0x04) return refuse(state, STATUS.wrongParameters);
  const record = p2 >> 3 === RECORD_SFI && p1 >= 1 ? recordsOf(profile)[p1 - 1] : undefined;
  return record === undefined ? refuse(state, STATUS.recordNotFound) : answer(state, record);
}

function join(...parts: readonly Buffer[]): Buffer {
  return Buffer.concat(parts);
}

function hex(tag: string, value: string): Buffer {
  return writeTlv(tag, Buffer.from(value, 'hex'));
}

function text(tag: string, value: string): Buffer {
  return writeTlv(tag, Buffer.from(value, 'latin1'));
}
