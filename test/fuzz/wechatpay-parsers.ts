/**
 * WeChat Pay's foreign bytes. APIv3: signed messages, callbacks, resources, refusals, certificates;
 * APIv2: signed flat XML. Seeds are signed and sealed here by node:crypto alone. A forgery is bytes
 * that were not signed, or an opened text that was not sealed.
 */
import { createCipheriv, createSecretKey, generateKeyPairSync, sign } from 'node:crypto';
import { err, ok } from '../../src/kernel/result.ts';
import { readOrders, readRefundPlaintext } from '../../src/wallets/wechatpay/answer.ts';
import { LIVE_ENDPOINTS, openConfig } from '../../src/wallets/wechatpay/config.ts';
import { openKeys } from '../../src/wallets/wechatpay/keys.ts';
import { parseNotification } from '../../src/wallets/wechatpay/notify.ts';
import { parseAuthorization } from '../../src/wires/wechatpay/authorization.ts';
import { requestMessage } from '../../src/wires/wechatpay/canonical.ts';
import { parseErrorBody } from '../../src/wires/wechatpay/error-body.ts';
import { parseRecord } from '../../src/wires/wechatpay/json.ts';
import { readSignatureHeaders, verifyMessage } from '../../src/wires/wechatpay/message.ts';
import { readXml, type V2Fields, writeXml } from '../../src/wires/wechatpay/message-v2.ts';
import { openResource } from '../../src/wires/wechatpay/resource.ts';
import { verifySha256 } from '../../src/wires/wechatpay/signature.ts';
import { signV2, verifyV2 } from '../../src/wires/wechatpay/signature-v2.ts';
import type { FuzzParser, FuzzResult } from './parser.ts';

const KEY = 'FuzzFuzzFuzzFuzzFuzzFuzzFuzzFuzz';

const SAID: readonly Readonly<Record<string, string>>[] = [
  {
    return_code: 'SUCCESS',
    result_code: 'SUCCESS',
    mch_id: '1900000109',
    out_trade_no: 'ORDER00000001',
    total_fee: '8888',
    trade_state: 'SUCCESS',
    transaction_id: '4200000985202103031441826014',
  },
  {
    return_code: 'SUCCESS',
    result_code: 'FAIL',
    err_code: 'USERPAYING',
    err_code_des: '需要用户输入支付密码 ]]> & <xml>',
  },
];

const SEEDS = SAID.map((said) => {
  const fields = new Map(Object.entries(said));
  return Buffer.from(writeXml(fields.set('sign', signV2(fields, KEY, 'HMAC-SHA256'))));
});

function sayingOf(fields: Iterable<readonly [string, string]>): string {
  return JSON.stringify([...fields].filter(([name, value]) => name !== 'sign' && value).sort());
}

const KNOWN = new Set(SAID.map((said) => sayingOf(Object.entries(said))));

const NOW_MS = Date.UTC(2026, 10, 22, 8, 0, 0);
const wall = { nowMs: () => NOW_MS };
const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
const PLATFORM_SERIAL = 'PUB_KEY_ID_0114232134912410000000000000';
const API_V3_KEY = 'fuzzfuzzfuzzfuzzfuzzfuzzfuzzfuzz';
const apiV3Key = createSecretKey(Buffer.from(API_V3_KEY));
const signText = (text: string) =>
  sign('sha256', Buffer.from(text), pair.privateKey).toString('base64');

/** A message as it travels: headers, an empty line, the body. */
function message(body: string, index: number): Buffer {
  const timestamp = String(NOW_MS / 1000 - index);
  const nonce = `NONCE${index}`;
  const headers = [
    `wechatpay-nonce: ${nonce}`,
    `wechatpay-serial: ${PLATFORM_SERIAL}`,
    `wechatpay-signature: ${signText(`${timestamp}\n${nonce}\n${body}\n`)}`,
    'wechatpay-signature-type: WECHATPAY2-SHA256-RSA2048',
    `wechatpay-timestamp: ${timestamp}`,
  ];
  return Buffer.from(`${headers.join('\n')}\n\n${body}`);
}

function readMessage(input: Buffer): { headers: Record<string, string>; body: Buffer } {
  const end = input.indexOf('\n\n');
  const head = end === -1 ? input : input.subarray(0, end);
  const headers: Record<string, string> = {};
  for (const line of head.toString('latin1').split('\n')) {
    const at = line.indexOf(': ');
    if (at > 0) headers[line.slice(0, at).toLowerCase()] = line.slice(at + 2);
  }
  return { headers, body: end === -1 ? Buffer.alloc(0) : input.subarray(end + 2) };
}

/** What the signature covers: when, the nonce, and the body's bytes. */
function coveredBy(input: Buffer): string {
  const { headers, body } = readMessage(input);
  const { 'wechatpay-timestamp': timestamp, 'wechatpay-nonce': nonce } = headers;
  return `${timestamp}/${nonce}/${body.toString('latin1')}`;
}

function sealed(plaintext: string, originalType: string) {
  const nonce = 'Kj7QIyUiYx1q';
  const cipher = createCipheriv('aes-256-gcm', API_V3_KEY, nonce);
  cipher.setAAD(Buffer.from(originalType));
  const parts = [cipher.update(plaintext, 'utf8'), cipher.final(), cipher.getAuthTag()];
  return {
    original_type: originalType,
    algorithm: 'AEAD_AES_256_GCM',
    ciphertext: Buffer.concat(parts).toString('base64'),
    associated_data: originalType,
    nonce,
  };
}

const ACCOUNT = { mchid: '1900000109', appid: 'wx2421b1c4370ec43b' };
const ORDER = {
  sp_mchid: ACCOUNT.mchid,
  sp_appid: ACCOUNT.appid,
  sub_mchid: '1600000001',
  out_trade_no: 'ORDER00000001',
  transaction_id: '4200000985202103031441826014',
  trade_type: 'MICROPAY',
  trade_state: 'SUCCESS',
  bank_type: 'UPQUICKPASS',
  success_time: '2026-11-22T16:00:00+08:00',
  amount: { total: 8888, payer_total: 8000, currency: 'CNY', payer_currency: 'CNY' },
  promotion_detail: [{ coupon_id: '1', type: 'NOCASH', amount: 888 }],
};
const COMBINED = {
  combine_mchid: ACCOUNT.mchid,
  combine_appid: ACCOUNT.appid,
  combine_out_trade_no: 'CART00000001',
  sub_orders: [
    { ...ORDER, mchid: ACCOUNT.mchid, amount: { total_amount: 8888, currency: 'CNY' } },
    { ...ORDER, mchid: ACCOUNT.mchid, out_trade_no: 'ORDER00000002', trade_state: 'NOTPAY' },
  ],
};
const REFUND = {
  sp_mchid: ACCOUNT.mchid,
  sub_mchid: '1600000001',
  out_trade_no: 'ORDER00000001',
  out_refund_no: 'REFUND0000001',
  refund_id: '50000000382019052709732678859',
  refund_status: 'SUCCESS',
  amount: { total: 8888, refund: 888, payer_total: 8000, payer_refund: 800 },
};
const SEALED = [
  [ORDER, 'transaction'],
  [COMBINED, 'transaction'],
  [REFUND, 'refund'],
] as const;
const PLAINTEXTS = SEALED.map(([body]) => JSON.stringify(body));
const RESOURCES = SEALED.map(([body, type]) => sealed(JSON.stringify(body), type));
const ANSWERS = [...PLAINTEXTS, ''].map(message);
const CALLBACKS = RESOURCES.map((resource, index) => {
  const event_type = resource.original_type === 'refund' ? 'REFUND.SUCCESS' : 'TRANSACTION.SUCCESS';
  const envelope = { id: `EV-${index}`, event_type, resource_type: 'encrypt-resource', resource };
  return message(JSON.stringify(envelope), index);
});
const COVERED = new Set([...ANSWERS, ...CALLBACKS].map(coveredBy));

const opened = openConfig(
  {
    ...ACCOUNT,
    appSecret: '0123456789abcdef0123456789abcdef',
    serialNo: '5157F09EFDC096DE15EBE81A47057A7232F1B8E1',
    privateKey: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    apiV3Key: API_V3_KEY,
    keyMode: 'public_key',
    publicKeyId: PLATFORM_SERIAL,
    publicKey: pair.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    endpoints: LIVE_ENDPOINTS,
  },
  NOW_MS,
);
if (!opened.ok) throw new Error(`${opened.error.field} ${opened.error.message}`);
const config = opened.value;
const keys = openKeys(config, { wall }, async () => undefined);

async function answer(input: Buffer): Promise<FuzzResult> {
  const { headers, body } = readMessage(input);
  const read = readSignatureHeaders(headers, NOW_MS);
  if (!read.ok) return read;
  const verified = await verifyMessage(read.value, body, await keys.find(read.value.serial));
  if (!verified.ok) return verified;
  const record = body.length === 0 ? {} : parseRecord(body.toString('utf8'));
  return record === undefined ? err({ code: 'unreadable' }) : ok(record);
}

/** A call as its Authorization header, method and target, and the body. */
const CALLS = [
  ['GET', '/v3/certificates', ''],
  ['POST', '/v3/pay/partner/transactions/native', PLAINTEXTS[0]],
].map(([method, target, body], index) => {
  const signature = signText(`${method}\n${target}\n171721440${index}\nN${index}\n${body}\n`);
  const parameters = [
    `mchid="${ACCOUNT.mchid}"`,
    `nonce_str="N${index}"`,
    `signature="${signature}"`,
    `timestamp="171721440${index}"`,
    'serial_no="5157F09EFDC096DE15EBE81A47057A7232F1B8E1"',
  ];
  const header = `WECHATPAY2-SHA256-RSA2048 ${parameters.join(',')}`;
  return Buffer.from(`${header}\n${method} ${target}\n${body}`);
});
const linesOf = (input: Buffer) => {
  const [header = '', line = '', ...rest] = input.toString('latin1').split('\n');
  return { header, line, body: rest.join('\n') };
};
const requestsOf = (input: Buffer) => `${linesOf(input).line}\n${linesOf(input).body}`;
const REQUESTS = new Set(CALLS.map(requestsOf));

async function call(input: Buffer): Promise<FuzzResult> {
  const { header, line, body } = linesOf(input);
  const parsed = parseAuthorization(header);
  if (typeof parsed === 'string') return err({ code: parsed });
  const at = line.indexOf(' ');
  const { timestamp, nonce, signature } = parsed;
  const text = requestMessage({
    method: line.slice(0, Math.max(0, at)),
    target: line.slice(at + 1),
    timestamp,
    nonce,
    body: Buffer.from(body, 'latin1'),
  });
  const isValid = await verifySha256(pair.publicKey, text, signature);
  return isValid ? ok(parsed) : err({ code: 'bad_signature' });
}

const APIV3_PARSERS: readonly FuzzParser[] = [
  {
    name: 'wechatpay v3 answer',
    seeds: ANSWERS,
    parse: answer,
    isForgery: (input) => !COVERED.has(coveredBy(input)),
  },
  {
    name: 'wechatpay v3 callback',
    seeds: CALLBACKS,
    parse: (input) => {
      const request = { method: 'POST', target: '/', ...readMessage(input) };
      return parseNotification(request, { config, keys, wall });
    },
    isForgery: (input) => !COVERED.has(coveredBy(input)),
  },
  {
    name: 'wechatpay v3 resource',
    seeds: RESOURCES.map((resource) => Buffer.from(JSON.stringify(resource))),
    parse: (input) => {
      const plaintext = openResource(apiV3Key, parseRecord(input.toString('utf8')));
      return plaintext === undefined ? err({ code: 'closed' }) : ok(plaintext);
    },
    isForgery: (_input, accepted) => !PLAINTEXTS.includes(String(accepted)),
  },
  {
    name: 'wechatpay v3 plaintext',
    seeds: PLAINTEXTS.map((text) => Buffer.from(text)),
    parse: (input) => {
      const body = parseRecord(input.toString('utf8'));
      if (body === undefined) return err({ code: 'unreadable' });
      return ok([readOrders(body, ACCOUNT), readRefundPlaintext(body)]);
    },
  },
  {
    name: 'wechatpay v3 refusal',
    seeds: [
      '{"code":"PARAM_ERROR","message":"参数错误","detail":{"field":"/amount/total","value":"x"}}',
      '{"code":"ORDERPAID"}',
    ].map((text) => Buffer.from(text)),
    parse: (input) => {
      const body = parseErrorBody(input);
      return body === undefined ? err({ code: 'unreadable' }) : ok(body);
    },
  },
  {
    name: 'wechatpay v3 call',
    seeds: CALLS,
    parse: call,
    isForgery: (input) => !REQUESTS.has(requestsOf(input)),
  },
];

export const WECHATPAY_PARSERS: readonly FuzzParser[] = [
  ...APIV3_PARSERS,
  {
    name: 'wechatpay v2 message',
    seeds: SEEDS,
    parse: (input) => {
      const fields = readXml(input.toString('utf8'));
      if (fields === undefined) return err({ code: 'unreadable' });
      return verifyV2(fields, KEY, 'HMAC-SHA256') ? ok(fields) : err({ code: 'bad_signature' });
    },
    isForgery: (_input, accepted) => !KNOWN.has(sayingOf(accepted as V2Fields)),
  },
];
