/** WeChat Pay's APIv2: signed flat XML. A forgery says anything else than a seed did. */
import { err, ok } from '../../src/core/result.ts';
import { signV2, verifyV2 } from '../../src/wallets/wechatpay/wire/v2-sign.ts';
import { readXml, type V2Fields, writeXml } from '../../src/wallets/wechatpay/wire/v2-xml.ts';
import type { FuzzParser } from './parser.ts';

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

export const WECHATPAY_PARSERS: readonly FuzzParser[] = [
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
