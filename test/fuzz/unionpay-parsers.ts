/** Parsers of UnionPay's messages. Signatures are judged by arithmetic of this file's own. */
import { createHash } from 'node:crypto';
import { err, ok } from '../../src/kernel/result.ts';
import { wallClock } from '../../src/runtime/clock.ts';
import { parseNotification } from '../../src/wallets/unionpay/notify.ts';
import { textOf } from '../../src/wires/unionpay/canonical.ts';
import { readCertificate } from '../../src/wires/unionpay/certificates.ts';
import { parseForm } from '../../src/wires/unionpay/form.ts';
import { parseReply } from '../../src/wires/unionpay/message.ts';
import { readCardTransData } from '../../src/wires/unionpay/sensitive.ts';
import { verifyFields } from '../../src/wires/unionpay/signature.ts';
import { readSplit } from '../../src/wires/unionpay/split.ts';
import { sharedVectors } from '../helpers/vectors.ts';
import type { FuzzParser, FuzzResult } from './parser.ts';

const KEY = '979da4cfccbae7923641daa5dd7047c2';
const MER_ID = '777290058110048';
const BUSINESS = {
  accessType: '0',
  bizType: '000000',
  currencyCode: '156',
  customerInfo: '{a=1&b=[2&3]}',
  encoding: 'UTF-8',
  merId: MER_ID,
  orderId: '20240601120000001',
  queryId: '240601120000123456789',
  respCode: '00',
  respMsg: '成功[0000000]',
  signMethod: '11',
  txnAmt: '1000',
  txnSubType: '07',
  txnTime: '20240601120000',
  txnType: '01',
  version: '5.1.0',
};

const sha256 = (text: string) => createHash('sha256').update(text, 'utf8').digest('hex');

/** The keyed signature over these pairs, sorted by bytes. */
function signatureOf(pairs: readonly (readonly [string, string])[]): string {
  const sorted = [...pairs].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const text = sorted.map(([name, value]) => `${name}=${value}`).join('&');
  return sha256(`${text}&${sha256(KEY)}`);
}

const SIGNED: (readonly [string, string])[] = [
  ...Object.entries(BUSINESS),
  ['signature', signatureOf(Object.entries(BUSINESS))] as const,
];
const REPLY = SIGNED.map(([name, value]) => `${name}=${value}`).join('&');
const FORM = new URLSearchParams(
  SIGNED.map(([name, value]) => [name, value] as [string, string]),
).toString();

/** No field but the signature may be other than what was signed. */
function isOther(fields: Iterable<readonly [string, string]>): boolean {
  const given = [...fields];
  const signature = given.find(([name]) => name === 'signature')?.[1];
  return signature !== signatureOf(given.filter(([name]) => name !== 'signature'));
}

const text = (input: Buffer) => textOf(input, 'UTF-8');
const NO_TEXT: FuzzResult = err({ code: 'no_text' });
const found = (value: unknown): FuzzResult =>
  value === undefined ? err({ code: 'unreadable' }) : ok(value);

function reply(input: Buffer) {
  const read = text(input);
  if (read === undefined) return err({ code: 'no_text' });
  const parsed = parseReply(read);
  return parsed.ok ? parsed : err({ code: parsed.error.kind });
}

async function verifiedReply(input: Buffer): Promise<FuzzResult> {
  const parsed = reply(input);
  if (!parsed.ok) return parsed;
  const verifier = { method: '11', secureKey: KEY } as const;
  const isValid = await verifyFields(verifier, parsed.value, 'UTF-8');
  return isValid ? parsed : err({ code: 'bad_signature' });
}

const ACCOUNT = {
  merId: MER_ID,
  trust: { method: '11', secureKey: KEY },
  encoding: 'UTF-8',
} as const;

const real = (sharedVectors<{ readonly raw_response_body: string }>('unionpay_acp') ?? []).map(
  ({ raw_response_body: body }) => Buffer.from(body),
);
const certificates = real.map((body) =>
  Buffer.from(/-----BEGIN[\s\S]*END CERTIFICATE-----/.exec(body.toString())?.[0] ?? ''),
);
const SPLIT = {
  accSplitType: '1',
  accSplitMchts: [{ accSplitMerId: MER_ID, accSplitAmt: '100' }],
};
const CARD = '{ICCardData=9F2608305C14FD70855C11&ICCardSeqNumber=001&track2Data=ab+/cd==}';

export const UNIONPAY_PARSERS: readonly FuzzParser[] = [
  {
    name: 'ACP reply',
    seeds: [Buffer.from(REPLY), Buffer.from(`{${REPLY}}`), ...real],
    parse: reply,
  },
  {
    name: 'ACP reply, verified',
    seeds: [Buffer.from(REPLY)],
    parse: verifiedReply,
    isForgery: (_input, accepted) => isOther(accepted as ReadonlyMap<string, string>),
  },
  {
    name: 'ACP form',
    seeds: [Buffer.from(FORM), Buffer.from('encoding=GBK&orderDesc=%BB%A5%CD%A8')],
    parse: (input) => {
      const parsed = parseForm(input);
      return parsed.ok ? parsed : err({ code: parsed.error.kind });
    },
  },
  {
    name: 'ACP notification',
    seeds: [Buffer.from(FORM)],
    parse: (body) =>
      parseNotification(ACCOUNT, wallClock, { method: 'POST', target: '/', headers: {}, body }),
    isForgery: (input) =>
      isOther([...new URLSearchParams(input.toString('latin1'))].filter(([, v]) => v !== '')),
  },
  {
    name: 'ACP split',
    seeds: [Buffer.from(JSON.stringify(SPLIT))],
    parse: (input) => found(readSplit(input.toString('base64'))),
  },
  {
    name: 'ACP card data',
    seeds: [Buffer.from(CARD)],
    parse: (input) => {
      const read = text(input);
      return read === undefined ? NO_TEXT : found(readCardTransData(read));
    },
  },
  ...(certificates.length === 0
    ? []
    : [
        {
          name: 'signPubKeyCert',
          seeds: certificates,
          parse: (input: Buffer) => found(readCertificate(input.toString('latin1'))),
        },
      ]),
];
