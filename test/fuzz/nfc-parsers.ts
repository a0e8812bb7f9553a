/** Parsers of NFC bytes, terminal and card themselves, and the issuer's judgement of a tap. */

import { answerCommand, type CardProfile, presentCard } from '../../sandbox/tap/card.ts';
import { readAfl } from '../../sandbox/tap/commands.ts';
import { DEFAULT_TERMINAL, runTap } from '../../sandbox/tap/terminal.ts';
import { verifyTap } from '../../sandbox/tap/verify-cryptogram.ts';
import { readCommand, readResponse } from '../../src/wires/nfc/apdu.ts';
import { readTlv } from '../../src/wires/nfc/ber-tlv.ts';
import { deriveTokenKey } from '../../src/wires/nfc/cryptogram.ts';
import { readDol } from '../../src/wires/nfc/dol.ts';
import { readField55, readField55Hex } from '../../src/wires/nfc/field55.ts';
import { readNdef, readType2Tag } from '../../src/wires/nfc/ndef.ts';
import { isArqcRight } from '../conformance/second-verifier-nfc.ts';
import type { FuzzParser, FuzzResult } from './parser.ts';

const hex = (text: string) => Buffer.from(text, 'hex');
const PAN = '6210940000000000018';
const TOKEN_KEY = deriveTokenKey(hex('0123456789ABCDEFFEDCBA9876543210'), PAN, '00');
const CARD: CardProfile = {
  pan: PAN,
  panSequence: '00',
  expiryYymm: '3012',
  tokenKey: TOKEN_KEY,
  keyIndex: 1,
  applications: [{ aid: 'A000000333010101', label: 'PBOC DEBIT', priority: 1 }],
  records: 'many',
  asksFor: 'online_pin',
  isBlocked: false,
};
const TRANSACTION = {
  amountFen: 100n,
  dateYymmdd: '261122',
  unpredictableNumber: hex('A1B2C3D4'),
  sequence: 1,
};

/** A real tap of our own two ends: what the mutations of its messages start from. */
async function recordTap() {
  let state = presentCard({ atc: 0, isBuyerVerified: false });
  const done = await runTap({
    exchange: (command) => {
      const step = answerCommand(CARD, state, command);
      state = step.state;
      return step.response;
    },
    terminal: DEFAULT_TERMINAL,
    transaction: TRANSACTION,
  });
  if (done.result.outcome !== 'online') throw new Error(`the tap ended as ${done.result.outcome}`);
  return { field55: done.result.field55, transcript: done.transcript };
}

const TAP = await recordTap();
const COMMANDS = TAP.transcript.map(({ command }) => command);
const RESPONSES = TAP.transcript.flatMap(({ response }) => response ?? []);

/** Messages of a whole tap in one input: two bytes of length before each. */
function framed(messages: readonly Buffer[]): Buffer {
  return Buffer.concat(
    messages.flatMap((message) => [hex(message.length.toString(16).padStart(4, '0')), message]),
  );
}

function unframed(bytes: Buffer): Buffer[] {
  const messages: Buffer[] = [];
  for (let at = 0; at + 2 <= bytes.length && messages.length < 64; ) {
    const end = at + 2 + bytes.readUInt16BE(at);
    messages.push(bytes.subarray(at + 2, end));
    at = end;
  }
  return messages;
}

async function driveTerminal(input: Buffer): Promise<FuzzResult> {
  const left = unframed(input);
  const { result } = await runTap({
    exchange: () => left.shift() ?? null,
    terminal: DEFAULT_TERMINAL,
    transaction: TRANSACTION,
  });
  return result.outcome === 'online'
    ? { ok: true, value: result }
    : { ok: false, error: { code: result.outcome } };
}

/** The card must answer every command with a readable answer, and never count backwards. */
function driveCard(input: Buffer): FuzzResult {
  let state = presentCard({ atc: 7, isBuyerVerified: false });
  let hasSigned = false;
  for (const command of unframed(input)) {
    const step = answerCommand(CARD, state, command);
    const response = readResponse(step.response);
    if (!response.ok) throw new Error('the card gave an unreadable answer');
    if (step.state.atc < state.atc) throw new Error('the counter fell');
    const data = response.value.data;
    if (data[0] === 0x77 && step.state.atc === state.atc) throw new Error('signed, not counted');
    hasSigned ||= data[0] === 0x77;
    state = step.state;
  }
  return hasSigned ? { ok: true, value: state } : { ok: false, error: { code: 'not_signed' } };
}

function judgeTap(input: Buffer): FuzzResult {
  const field55 = readField55(input);
  if (!field55.ok) return field55;
  const verdict = verifyTap(
    field55.value,
    { tokenKey: TOKEN_KEY, lastAtc: 0, expiryYymm: '3012' },
    {
      amountFen: 100n,
      currency: '0156',
      nowMs: Date.parse('2026-11-22T12:00:00+08:00'),
      clockToleranceMs: 0,
      noPinLimitFen: 100_000n,
    },
  );
  return verdict.verdict === 'refused'
    ? { ok: false, error: { code: verdict.refusal } }
    : { ok: true, value: verdict };
}

const TLV_SEEDS = [hex(TAP.field55), ...RESPONSES.map((bytes) => bytes.subarray(0, -2))];
const TAG_MEMORY = hex(
  '0347910116550472656e6465722e616c697061792e636f6d2f702f78540f1b616e64726f69642e636f6d3a706b67' +
    '636f6d2e65672e616e64726f69642e416c697061794770686f6e65fe',
);

export const NFC_PARSERS: readonly FuzzParser[] = [
  { name: 'BER-TLV', seeds: TLV_SEEDS, parse: (input) => readTlv(input) },
  {
    name: 'BER-TLV of records, padding allowed',
    seeds: TLV_SEEDS,
    parse: (input) => readTlv(input, { allowsPadding: true }),
  },
  {
    name: 'data object list',
    seeds: [hex('9F66049F02069F03069F1A0295055F2A029A039C019F3704')],
    parse: readDol,
  },
  { name: 'file locator', seeds: [hex('0801030110010200')], parse: readAfl },
  { name: 'APDU, command', seeds: COMMANDS, parse: readCommand },
  { name: 'APDU, answer', seeds: RESPONSES, parse: readResponse },
  { name: 'field 55', seeds: [hex(TAP.field55)], parse: readField55 },
  {
    name: 'field 55 in hex',
    seeds: [Buffer.from(TAP.field55)],
    parse: (input) => readField55Hex(input.toString('utf8')),
  },
  {
    name: 'field 55 before the issuer',
    seeds: [hex(TAP.field55)],
    parse: judgeTap,
    isForgery: (input) => !isArqcRight(input, TOKEN_KEY),
  },
  { name: 'terminal, against a lying card', seeds: [framed(RESPONSES)], parse: driveTerminal },
  { name: 'card, against a lying terminal', seeds: [framed(COMMANDS)], parse: driveCard },
  { name: 'NDEF message', seeds: [TAG_MEMORY.subarray(2, -1)], parse: readNdef },
  { name: 'NDEF tag memory', seeds: [TAG_MEMORY], parse: readType2Tag },
];
