/** Parsers of JD Pay's messages. What may be accepted is judged by the second verifier's reading. */
import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { err, ok } from '../../src/kernel/result.ts';
import { openConfig } from '../../src/wallets/jdpay/config.ts';
import { parseNotification } from '../../src/wallets/jdpay/notify.ts';
import { openForm, parseForm } from '../../src/wires/jdpay/form.ts';
import { openMessage, readOuter, sealInner } from '../../src/wires/jdpay/message.ts';
import { readXml } from '../../src/wires/jdpay/xml.ts';
import * as second from '../conformance/second-verifier-jdpay.ts';
import type { FuzzParser, FuzzResult } from './parser.ts';

const pair = () =>
  generateKeyPairSync('rsa', {
    modulusLength: 1_024,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
const [jdKeys, shop] = [pair(), pair()];
const MERCHANT = '110000001';
const DES_KEY = randomBytes(24).toString('base64');
const JD = {
  merchant: MERCHANT,
  private_key: jdKeys.privateKey,
  jd_public_key: jdKeys.publicKey,
  des_key: DES_KEY,
};
const opened = openConfig({
  online: {
    merchant: MERCHANT,
    privateKey: shop.privateKey,
    jdPublicKey: jdKeys.publicKey,
    desKey: DES_KEY,
  },
  endpoints: { api: 'https://a.example', pc: 'https://b.example', h5: 'https://c.example' },
});
if (!opened.ok) throw new Error(opened.error.field);
const account = opened.value;
const { desKey } = account.online.keys;
const keys = { desKey, publicKey: createPublicKey(jdKeys.publicKey) };

const PAID = {
  tradeNum: 'ORDER0000000000000000000001',
  tradeType: '0',
  amount: '100',
  currency: 'CNY',
  note: 'a & <b>',
  status: '2',
};
const BODY = second.request(JD, PAID);
const INNER = innerOf(BODY);
const FORM_FIELDS = { ...PAID, version: 'V2.0', merchant: MERCHANT, note: '' };
const FORM_TEXT = second.formText(FORM_FIELDS);
const FORM = new URLSearchParams(second.form(JD, FORM_FIELDS)).toString();

function innerOf(body: string): string {
  const sealed = Buffer.from(second.valueIn(body, 'encrypt') ?? '', 'base64');
  return second.decrypt(sealed.toString('latin1'), DES_KEY);
}

/** Line breaks and tabs are not signed, nor is the blank before the end of the declaration. */
function meaning(inner: string): string {
  return inner
    .replace(/[\r\n\t]/g, '')
    .replace(/^(<\?xml version="1\.0" encoding="UTF-8") \?>/, '$1?>')
    .replace(/<sign>[^<]*<\/sign>/, (sign) => sign.replaceAll(' ', ''));
}

const isOther = (inner: string): boolean => meaning(inner) !== meaning(INNER);
const found = (value: unknown): FuzzResult =>
  value === undefined ? err({ code: 'unreadable' }) : ok(value);

export const JDPAY_PARSERS: readonly FuzzParser[] = [
  {
    name: 'JD XML',
    seeds: [Buffer.from(INNER), Buffer.from('<a><b>&lt;&#20013;</b><c/></a>')],
    parse: (input) => found(readXml(input.toString('utf8'))),
  },
  {
    name: 'JD outer message',
    seeds: [Buffer.from(BODY)],
    parse: (input) => found(readOuter(input)),
  },
  {
    name: 'JD inner message, encrypted and verified',
    seeds: [Buffer.from(INNER)],
    parse: (input) => {
      const message = openMessage(keys, sealInner(desKey, input.toString('utf8')) ?? '');
      return message.ok ? message : err({ code: message.error });
    },
    isForgery: (input) => isOther(input.toString('utf8')),
  },
  {
    name: 'JD notification',
    seeds: [Buffer.from(BODY)],
    parse: (body) => parseNotification(account, { method: 'POST', target: '/', headers: {}, body }),
    isForgery: (input) => isOther(innerOf(input.toString('utf8'))),
  },
  {
    name: 'JD form, verified',
    seeds: [Buffer.from(FORM)],
    parse: (input) => {
      const posted = parseForm(input);
      return posted.ok ? openForm(keys, posted.value) : posted;
    },
    isForgery: (_input, accepted) => second.formText(accepted as second.Fields) !== FORM_TEXT,
  },
];
