/**
 * The whole tap, terminal against card, and the issuer's judgement of it: rules, refusals, torn
 * taps. What real cards answered is compared byte for byte.
 */
import { describe, expect, test } from 'vitest';
import { deriveTokenKey } from '../../src/wires/nfc/cryptogram.ts';
import { readField55Hex } from '../../src/wires/nfc/field55.ts';
import { answerCommand, type CardProfile, type CardState, presentCard } from './card.ts';
import { DEFAULT_TERMINAL, runTap, type TapOutcome, type TerminalProfile } from './terminal.ts';
import { type TapExpectation, verifyTap } from './verify-cryptogram.ts';

const hex = (text: string) => Buffer.from(text, 'hex');
const NOW_MS = Date.parse('2026-11-22T20:00:00+08:00');
const ISSUER_KEY = hex('0123456789ABCDEFFEDCBA9876543210');
const PAN = '6210940000000000018';
const CARD: CardProfile = {
  pan: PAN,
  panSequence: '00',
  expiryYymm: '3012',
  tokenKey: deriveTokenKey(ISSUER_KEY, PAN, '00'),
  keyIndex: 1,
  applications: [{ aid: 'A000000333010101', label: 'PBOC DEBIT', priority: 1 }],
  records: 'many',
  asksFor: 'online_pin',
  isBlocked: false,
};
const EXPECTED: TapExpectation = {
  amountFen: 100n,
  currency: '0156',
  nowMs: NOW_MS,
  clockToleranceMs: 3_600_000,
  noPinLimitFen: 1_000_00n,
};
const token = { tokenKey: CARD.tokenKey, lastAtc: 0, expiryYymm: '3012' };

interface Town {
  readonly profile?: Partial<CardProfile>;
  readonly terminal?: Partial<TerminalProfile>;
  readonly amountFen?: bigint;
  readonly from?: CardState;
  /** The card leaves the field at this command. */
  readonly leavesAt?: number;
  readonly dateYymmdd?: string;
}

async function tap(town: Town = {}) {
  const profile = { ...CARD, ...town.profile };
  let state = town.from ?? presentCard({ atc: 0, isBuyerVerified: false });
  let count = 0;
  const done = await runTap({
    exchange: (command) => {
      count += 1;
      const step = answerCommand(profile, state, command);
      state = step.state;
      return count === town.leavesAt ? null : step.response;
    },
    terminal: { ...DEFAULT_TERMINAL, ...town.terminal },
    transaction: {
      amountFen: town.amountFen ?? 100n,
      dateYymmdd: town.dateYymmdd ?? '261122',
      unpredictableNumber: hex('A1B2C3D4'),
      sequence: 7,
    },
  });
  return { ...done, state };
}

function online(outcome: TapOutcome): TapOutcome & { outcome: 'online' } {
  if (outcome.outcome !== 'online') throw new Error(`the tap ended as ${outcome.outcome}`);
  return outcome;
}

async function field55Of(town: Town = {}) {
  const read = readField55Hex(online((await tap(town)).result).field55);
  if (!read.ok) throw new Error(read.error.message);
  return read.value;
}

/**
 * A field 55 with one object's value replaced, as an attacker between terminal and issuer would.
 */
async function altered(tag: string, value: string) {
  const original = online((await tap()).result).field55;
  const field55 = await field55Of();
  const old = field55.values.get(tag)?.toString('hex').toUpperCase() ?? '';
  const read = readField55Hex(
    original.replace(`${tag}${lengthOf(old)}${old}`, `${tag}${lengthOf(value)}${value}`),
  );
  if (!read.ok) throw new Error(read.error.message);
  return read.value;
}

const lengthOf = (value: string) => (value.length / 2).toString(16).padStart(2, '0').toUpperCase();

describe('a tap', () => {
  test('runs through and gives field 55', async () => {
    const { result, transcript, state } = await tap();
    expect(transcript.map(({ step }) => step)).toEqual([
      'select_directory',
      'select_application',
      'processing_options',
      'read_record',
      'read_record',
      'read_record',
    ]);
    expect(online(result)).toMatchObject({
      verification: 'none',
      panSequence: '00',
      track2: { pan: PAN, expiryYymm: '3012' },
    });
    expect(state).toMatchObject({ phase: 'answered', atc: 1 });
    const field55 = await field55Of();
    expect(field55.amountFen).toBe(100n);
    expect(field55.unpredictableNumber).toBe('A1B2C3D4');
    expect(verifyTap(field55, token, EXPECTED)).toEqual({
      verdict: 'approved',
      lastAtc: 1,
      verification: 'none',
    });
  });

  test('says byte for byte what real terminals and cards say', async () => {
    const { transcript } = await tap();
    const [directory, application] = transcript;
    const text = (bytes: Buffer | null | undefined) => bytes?.toString('hex').toUpperCase();
    expect(text(directory?.command)).toBe('00A404000E325041592E5359532E444446303100');
    expect(text(directory?.response)).toBe(
      '6F30840E325041592E5359532E4444463031A51EBF0C1B61194F08A000000333010101500A50424F432044454249548701019000',
    );
    expect(text(application?.command)).toBe('00A4040008A00000033301010100');
    expect(text(application?.response)).toBe(
      '6F438408A000000333010101A537500A50424F432044454249548701019F38189F66049F02069F03069F1A0295055F2A029A039C019F37045F2D027A68BF0C059F4D020B0A9000',
    );
  });

  test.each(['none', 'one', 'many'] as const)(
    'with a card that has %s of records',
    async (records) => {
      expect((await tap({ profile: { records } })).result.outcome).toBe('online');
    },
  );

  test('takes the application that the buyer put first, of those that both know', async () => {
    const applications = [
      { aid: 'A000000333010101', label: 'DEBIT', priority: 2 },
      { aid: 'A000000333010102', label: 'CREDIT', priority: 1 },
      { aid: 'A0000000031010', label: 'OTHER', priority: 1 },
    ];
    const field55 = await field55Of({ profile: { applications } });
    expect(field55.values.get('84')?.toString('hex').toUpperCase()).toBe('A000000333010102');
    const foreign = await tap({ profile: { applications: applications.slice(2) } });
    expect(foreign.result).toEqual({ outcome: 'other_interface', reason: 'no_common_application' });
  });

  test('asks for an online cryptogram above the floor, for the buyer above the limit', async () => {
    const qualifiersAt = async (amountFen: bigint, floorFen = 0n) => {
      const { transcript } = await tap({ amountFen, terminal: { floorFen } });
      return transcript[2]?.command.subarray(7, 11).toString('hex');
    };
    expect(await qualifiersAt(100n, 100n)).toBe('26004080');
    expect(await qualifiersAt(101n, 100n)).toBe('26804080');
    expect(await qualifiersAt(100_000n)).toBe('26804080');
    expect(await qualifiersAt(100_001n)).toBe('26c04080');
  });

  test('above the terminal’s limit is not begun', async () => {
    const { result, transcript } = await tap({ amountFen: 5_000_001n });
    expect(result).toEqual({ outcome: 'other_interface', reason: 'over_limit' });
    expect(transcript).toEqual([]);
  });

  test('by a blocked or an expired card is declined', async () => {
    expect((await tap({ profile: { isBlocked: true } })).result).toEqual({
      outcome: 'declined',
      reason: 'card_refused',
    });
    expect((await tap({ profile: { expiryYymm: '2610' } })).result).toEqual({
      outcome: 'declined',
      reason: 'expired',
    });
  });

  test.each([1, 2, 3, 4, 5, 6])(
    'torn at command %d is tried again, and is counted',
    async (leavesAt) => {
      const torn = await tap({ leavesAt });
      expect(torn.result).toEqual({ outcome: 'try_again', reason: 'card_left' });
      const atc = leavesAt < 3 ? 0 : 1;
      expect(torn.state.atc).toBe(atc);
      const again = await tap({ from: presentCard(torn.state) });
      expect(again.result.outcome).toBe('online');
      expect(again.state.atc).toBe(atc + 1);
    },
  );
});

describe('above the limit without PIN', () => {
  const over = { amountFen: 100_001n };

  test('CNY 1,000.00 itself needs nothing', async () => {
    const field55 = await field55Of({ amountFen: 100_000n });
    expect(verifyTap(field55, token, { ...EXPECTED, amountFen: 100_000n }).verdict).toBe(
      'approved',
    );
  });

  test('the card asks for the PIN, and so does the issuer', async () => {
    expect(online((await tap(over)).result).verification).toBe('online_pin');
    const verdict = verifyTap(await field55Of(over), token, { ...EXPECTED, ...over });
    expect(verdict).toEqual({ verdict: 'pin_required', lastAtc: 1 });
  });

  test('a phone that its buyer unlocked needs no PIN', async () => {
    const from = presentCard({ atc: 4, isBuyerVerified: true });
    const unlocked = { ...over, from };
    expect(online((await tap(unlocked)).result).verification).toBe('device');
    expect(verifyTap(await field55Of(unlocked), token, { ...EXPECTED, ...over })).toEqual({
      verdict: 'approved',
      lastAtc: 5,
      verification: 'device',
    });
  });

  test('a locked phone may ask to be unlocked; the second tap pays', async () => {
    const profile = { asksFor: 'device' as const };
    const first = await tap({ ...over, profile });
    expect(first.result).toEqual({ outcome: 'see_phone' });
    const from = presentCard({ ...first.state, isBuyerVerified: true });
    expect((await tap({ ...over, profile, from })).result.outcome).toBe('online');
  });

  test('a claim in the unsigned qualifiers is not believed', async () => {
    const real = online((await tap(over)).result).field55;
    const read = readField55Hex(real.replace('9F6C028000', '9F6C020080'));
    if (!read.ok) throw new Error(read.error.message);
    expect(verifyTap(read.value, token, { ...EXPECTED, ...over }).verdict).toBe('pin_required');
  });
});

describe('the issuer refuses', () => {
  test('a tap that it has seen, and one older than that', async () => {
    const field55 = await field55Of();
    const once = verifyTap(field55, token, EXPECTED);
    expect(once.verdict).toBe('approved');
    for (const lastAtc of [once.lastAtc, once.lastAtc + 5]) {
      expect(verifyTap(field55, { ...token, lastAtc }, EXPECTED)).toMatchObject({
        refusal: 'counter_replayed',
        lastAtc,
      });
    }
  });

  test.each([
    ['9F02', '000000000001'],
    ['9F03', '000000000001'],
    ['9F1A', '0344'],
    ['95', '0000008000'],
    ['5F2A', '0344'],
    ['9A', '261121'],
    ['9C', '20'],
    ['9F37', 'A1B2C3D5'],
    ['82', '1001'],
    ['9F36', '0002'],
    ['9F26', '0000000000000000'],
    ['9F10', '07010103A4000001'],
  ])('an altered %s', async (tag, value) => {
    expect(verifyTap(await altered(tag, value), token, EXPECTED)).toMatchObject({
      refusal: 'cryptogram_wrong',
      lastAtc: 0,
    });
  });

  test('an authentic tap for another order, which is spent by that', async () => {
    const field55 = await field55Of();
    const refusalFor = (change: Partial<TapExpectation>) => {
      const verdict = verifyTap(field55, token, { ...EXPECTED, ...change });
      return [verdict.verdict === 'refused' ? verdict.refusal : verdict.verdict, verdict.lastAtc];
    };
    expect(refusalFor({ amountFen: 101n })).toEqual(['amount_mismatch', 1]);
    expect(refusalFor({ currency: '0344' })).toEqual(['currency_mismatch', 1]);
    expect(refusalFor({ nowMs: NOW_MS + 86_400_000 })).toEqual(['date_mismatch', 1]);
    expect(refusalFor({ nowMs: NOW_MS + 4.5 * 3_600_000 })).toEqual(['approved', 1]);
    expect(refusalFor({ nowMs: NOW_MS + 5.5 * 3_600_000 })).toEqual(['date_mismatch', 1]);
  });

  test('a token that expired, another token’s key, a version that it cannot check', async () => {
    const field55 = await field55Of();
    expect(verifyTap(field55, { ...token, expiryYymm: '2610' }, EXPECTED)).toMatchObject({
      refusal: 'token_expired',
    });
    const other = { ...token, tokenKey: deriveTokenKey(ISSUER_KEY, PAN, '01') };
    expect(verifyTap(field55, other, EXPECTED)).toMatchObject({ refusal: 'cryptogram_wrong' });
    expect(verifyTap(await altered('9F10', '07011103A0000001'), token, EXPECTED)).toMatchObject({
      refusal: 'cryptogram_unsupported',
    });
    expect(verifyTap(await altered('9F10', '07010103A0000004'), token, EXPECTED)).toMatchObject({
      refusal: 'cryptogram_unsupported',
    });
    expect(verifyTap(await altered('9F27', '40'), token, EXPECTED)).toMatchObject({
      refusal: 'cryptogram_not_online',
    });
  });
});

describe('the card', () => {
  const idle = presentCard({ atc: 0, isBuyerVerified: false });
  const say = (state: CardState, command: string) => answerCommand(CARD, state, hex(command));
  const PPSE = '00A404000E325041592E5359532E444446303100';
  const SELECT = '00A4040008A00000033301010100';

  test.each([
    ['an application before the directory', SELECT, '6985'],
    ['GPO before an application', '80A8000002830000', '6985'],
    ['a record before GPO', '00B2010C00', '6985'],
    ['an instruction that it has not', '0084000008', '6D00'],
    ['a class that it has not', 'A0A4000000', '6E00'],
    ['a broken command', '00A4', '6700'],
    ['another way of selecting', '00A4000C02', '6A86'],
  ])('refuses %s', (_, command, sw) => {
    const step = say(idle, command);
    expect(step.response.toString('hex').toUpperCase()).toBe(sw);
    expect(step.state).toEqual(idle);
  });

  test('refuses an unknown application and GPO data of another length, which it counts', () => {
    const chosen = say(say(idle, PPSE).state, SELECT).state;
    expect(say(chosen, '00A4040008A00000033301010200').response.toString('hex')).toBe('6a82');
    const wrong = say(chosen, '80A8000002830000');
    expect(wrong.response.toString('hex')).toBe('6700');
    expect(wrong.state.atc).toBe(1);
  });

  test('stops at the end of its counter instead of starting again', async () => {
    const { result } = await tap({ from: presentCard({ atc: 0xffff, isBuyerVerified: false }) });
    expect(result).toEqual({ outcome: 'other_interface', reason: 'card_says_so' });
  });
});

describe('a terminal against a card that lies', () => {
  const answers = (...responses: (string | null)[]) => {
    const left = [...responses];
    return runTap({
      exchange: () => {
        const next = left.shift();
        return next == null ? null : hex(next);
      },
      terminal: DEFAULT_TERMINAL,
      transaction: {
        amountFen: 100n,
        dateYymmdd: '261122',
        unpredictableNumber: hex('00000000'),
        sequence: 1,
      },
    });
  };
  const directory =
    '6F30840E325041592E5359532E4444463031A51EBF0C1B61194F08A000000333010101500A50424F432044454249548701019000';
  const fci = '6F0A8408A0000003330101019000';

  test.each([
    ['no directory', ['6A82'], 'other_interface'],
    ['half a status', ['90'], 'card_fault'],
    ['a broken directory', ['6F30840E9000'], 'card_fault'],
    [
      'a template that GPO does not answer with',
      [directory, fci, '8006000008010100' + '9000'],
      'card_fault',
    ],
    [
      'a record that is not there',
      [directory, fci, '770694040801010' + '09000', '6A83'],
      'card_fault',
    ],
    ['conditions not satisfied', [directory, fci, '6985'], 'other_interface'],
    ['an object twice', [directory, fci, '77088202100082021000' + '9000'], 'card_fault'],
    ['no cryptogram', [directory, fci, '7704820210009000'], 'card_fault'],
  ])('%s', async (_, responses, outcome) => {
    expect((await answers(...responses)).result.outcome).toBe(outcome);
  });
});
