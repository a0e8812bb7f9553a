/**
 * `hutong nfc tap`: a complete QuickPass tap on this machine, a terminal against a phone, printed
 * APDU by APDU, and the issuer's verdict. The token and its key are made for this one tap: nothing
 * is stored, and nothing of it is worth anything.
 */
import type { Command } from 'commander';
import { answerCommand, type CardProfile, presentCard } from '../../sandbox/tap/card.ts';
import { DEFAULT_TERMINAL, runTap, type TapResult } from '../../sandbox/tap/terminal.ts';
import { describeExchange, describeField55, type Language } from '../../sandbox/tap/transcript.ts';
import { verifyTap } from '../../sandbox/tap/verify-cryptogram.ts';
import { yuanToFen } from '../kernel/money.ts';
import { wallClock } from '../runtime/clock.ts';
import { systemRandom } from '../runtime/random.ts';
import { beijingYymmdd } from '../wires/nfc/bcd.ts';
import { deriveTokenKey } from '../wires/nfc/cryptogram.ts';
import { readField55Hex } from '../wires/nfc/field55.ts';

/** A public sample number of UnionPay's test environment, extended to a token's 19 digits. */
const SAMPLE_TOKEN = '6216261000000000018';

const HELP = `
Shows what a terminal and a phone say to each other, and what the bank reads out of it:
SELECT PPSE, SELECT AID, GET PROCESSING OPTIONS, READ RECORD, field 55, the judgement.

  hutong nfc tap --amount 1.00 --trace            every command and answer, decoded
  hutong nfc tap --amount 1.00 --trace --lang zh  the same in Chinese
  hutong nfc tap --amount 1000.01                 above the no-PIN limit: the bank asks for the PIN
  hutong nfc tap --amount 1000.01 --unlocked      the buyer unlocked the phone: no PIN

The exit code is 0 when the tap was approved or the bank asks for the PIN, else 1.

The card is made for this one tap and no bank knows it: a payment with its field 55 is declined.
To pay in the demo, tap with the sandbox's phone and send what it answers as payer.field55:

  curl -s http://127.0.0.1:4100/phone/tap -H 'Content-Type: application/json' -d '{"amount": 100}'`;

interface TapFlags {
  readonly amount: string;
  readonly trace: boolean;
  readonly unlocked: boolean;
  readonly lang: string;
}

export function addNfcCommands(program: Command, print: (line: string) => void): void {
  const nfc = program.command('nfc').description('QuickPass by NFC: a tap on this machine');
  nfc
    .command('tap')
    .description('a terminal taps a phone: field 55 and the judgement of the bank')
    .option('--amount <yuan>', 'what the terminal asks for', '1.00')
    .option('--trace', 'print every APDU with its meaning', false)
    .option('--unlocked', 'the buyer has unlocked the phone (CDCVM)', false)
    .option('--lang <en|zh>', 'language of the trace', 'en')
    .addHelpText('after', HELP)
    .action(async (flags: TapFlags) => {
      process.exitCode = (await tap(flags, print)) ? 0 : 1;
    });
}

async function tap(flags: TapFlags, print: (line: string) => void): Promise<boolean> {
  const amountFen = yuanToFen(flags.amount);
  if (amountFen === undefined || amountFen <= 0n || amountFen >= 10n ** 12n) {
    throw new Error(`--amount is yuan above zero, like 1.00, not ${flags.amount}`);
  }
  if (flags.lang !== 'en' && flags.lang !== 'zh') {
    throw new Error(`--lang is en or zh, not ${flags.lang}`);
  }
  const nowMs = wallClock.nowMs();
  const card = makeCard(nowMs);
  let state = presentCard({ atc: 0, isBuyerVerified: flags.unlocked });
  const done = await runTap({
    exchange: (command) => {
      const step = answerCommand(card, state, command);
      state = step.state;
      return step.response;
    },
    terminal: DEFAULT_TERMINAL,
    transaction: {
      amountFen,
      dateYymmdd: beijingYymmdd(nowMs),
      unpredictableNumber: systemRandom.bytes(4),
      sequence: 1,
    },
  });
  if (flags.trace) printTrace(done, flags.lang, print);
  return judge({ done, card, amountFen, nowMs }, print);
}

function makeCard(nowMs: number): CardProfile {
  const issuerKey = systemRandom.bytes(16);
  const expiryYear = (Number(beijingYymmdd(nowMs).slice(0, 2)) + 5) % 100;
  return {
    pan: SAMPLE_TOKEN,
    panSequence: '00',
    expiryYymm: `${String(expiryYear).padStart(2, '0')}12`,
    tokenKey: deriveTokenKey(issuerKey, SAMPLE_TOKEN, '00'),
    keyIndex: 1,
    applications: [
      { aid: 'A000000333010102', label: 'PBOC CREDIT', priority: 2 },
      { aid: 'A000000333010101', label: 'PBOC DEBIT', priority: 1 },
    ],
    records: 'many',
    asksFor: 'online_pin',
    isBlocked: false,
  };
}

function printTrace(done: TapResult, language: Language, print: (line: string) => void): void {
  done.transcript.forEach((exchange, index) => {
    const [title = '', ...lines] = describeExchange(exchange, language);
    print(`${index + 1}. ${title}`);
    for (const line of lines) print(line);
    print('');
  });
  if (done.result.outcome !== 'online') return;
  print(language === 'en' ? 'Field 55' : '55 域');
  const field55 = Buffer.from(done.result.field55, 'hex');
  for (const line of describeField55(field55, language)) print(line);
  print('');
}

function judge(
  tapped: {
    readonly done: TapResult;
    readonly card: CardProfile;
    readonly amountFen: bigint;
    readonly nowMs: number;
  },
  print: (line: string) => void,
): boolean {
  const { result } = tapped.done;
  if (result.outcome !== 'online') {
    const reason = 'reason' in result ? ` (${result.reason})` : '';
    print(`outcome   ${result.outcome}${reason}`);
    return false;
  }
  print(`field55   ${result.field55}`);
  print(`asks for  ${result.verification}`);
  const field55 = readField55Hex(result.field55);
  if (!field55.ok) {
    print(`outcome   ${field55.error.message}`);
    return false;
  }
  const { tokenKey, expiryYymm } = tapped.card;
  const verdict = verifyTap(
    field55.value,
    { tokenKey, lastAtc: 0, expiryYymm },
    {
      amountFen: tapped.amountFen,
      currency: '0156',
      nowMs: tapped.nowMs,
      clockToleranceMs: 0,
      noPinLimitFen: DEFAULT_TERMINAL.cvmLimitFen,
    },
  );
  const why = verdict.verdict === 'refused' ? `: ${verdict.message}` : '';
  print(`outcome   ${verdict.verdict}${why}`);
  return verdict.verdict !== 'refused';
}
