/**
 * One exchange of APIv2: a signed flat XML document each way, always HTTP 200. An answer is trusted
 * only if it is signed with the account's key by HMAC-SHA256 (a `return_code` FAIL never is), can
 * be read in one way only, and names this account and the requested order; anything else is `lost`.
 */
import type { WalletError } from '../../kernel/wallet-names.ts';
import { readSignedPairs } from '../../wires/keys/signed-pairs.ts';
import { readXml, type V2Fields, writeXml } from '../../wires/wechatpay/message-v2.ts';
import { KNOWN_V2_FIELDS, signV2, verifyV2 } from '../../wires/wechatpay/signature-v2.ts';
import type { V2Path } from '../../wires/wechatpay/trade.ts';
import { misconfigured } from '../answers.ts';
import type { WalletSeams } from '../wallet.ts';
import type { ApiV2, WechatpayConfig } from './config.ts';
import { refusesCredentialsV2 } from './statuses.ts';

const TIMEOUT_MS = 10_000;
const SIGN_TYPE = 'HMAC-SHA256';

export interface V2Call {
  readonly path: V2Path;
  readonly orderNo: string;
  readonly subMchid: string;
  readonly fields: Readonly<Record<string, string>>;
  /** Reversals refund money: WeChat Pay requires the merchant's certificate. */
  readonly hasClientCertificate: boolean;
}

export type V2Called =
  | { readonly kind: 'answered'; readonly fields: V2Fields }
  | { readonly kind: 'refused'; readonly fields: V2Fields; readonly walletError: WalletError }
  | { readonly kind: 'lost'; readonly walletError: WalletError };

export async function callV2(
  config: WechatpayConfig,
  apiV2: ApiV2,
  seams: WalletSeams,
  call: V2Call,
): Promise<V2Called> {
  const fields = new Map([
    ['appid', config.appid],
    ['mch_id', config.mchid],
    ['sub_mch_id', call.subMchid],
    ['nonce_str', seams.random.bytes(16).toString('hex').toUpperCase()],
    ['sign_type', SIGN_TYPE],
    ['out_trade_no', call.orderNo],
    ...Object.entries(call.fields),
  ]);
  fields.set('sign', signV2(fields, apiV2.key, SIGN_TYPE));
  const sent = await seams.http.send({
    method: 'POST',
    url: `${config.endpoints.api}${call.path}`,
    headers: { 'content-type': 'text/xml; charset=utf-8', accept: 'text/xml' },
    body: writeXml(fields),
    timeoutMs: TIMEOUT_MS,
    ...(call.hasClientCertificate ? { clientCertificate: apiV2.clientCertificate } : {}),
  });
  if (!sent.ok) return lost(`HTTP_${sent.error.kind.toUpperCase()}`, sent.error.message);
  const { status, body } = sent.value;
  if (status !== 200) return lost(`HTTP_${status}`, 'not an answer of the API');
  return judge(config, apiV2, call, readXml(body.toString('utf8')));
}

function judge(
  config: WechatpayConfig,
  apiV2: ApiV2,
  call: V2Call,
  answer: V2Fields | undefined,
): V2Called {
  if (answer === undefined) return lost('UNREADABLE_ANSWER', 'not an XML message');
  if (answer.get('return_code') !== 'SUCCESS') {
    return lost('RETURN_CODE_FAIL', answer.get('return_msg') ?? 'refused without a signature');
  }
  if (!verifyV2(answer, apiV2.key, SIGN_TYPE)) {
    return lost('UNVERIFIABLE_ANSWER', 'the answer is not signed with the APIv2 key');
  }
  const signed = readSignedPairs(
    [...answer].filter(([, value]) => value !== ''),
    KNOWN_V2_FIELDS,
  );
  if (!signed.ok) {
    return lost('AMBIGUOUS_ANSWER', `${signed.error.name} can be read in two ways`);
  }
  const fields = signed.value;
  const isOurs =
    fields.get('mch_id') === config.mchid &&
    fields.get('appid') === config.appid &&
    (fields.get('out_trade_no') ?? call.orderNo) === call.orderNo;
  if (!isOurs) return lost('FOREIGN_ANSWER', 'the answer is about another account or order');
  if (fields.get('result_code') === 'SUCCESS') return { kind: 'answered', fields };
  const code = fields.get('err_code') ?? 'UNKNOWN';
  const said = errorOf(code, fields.get('err_code_des') ?? '');
  const walletError = refusesCredentialsV2(code) ? misconfigured(said) : said;
  return { kind: 'refused', fields, walletError };
}

function lost(code: string, message: string): V2Called {
  return { kind: 'lost', walletError: errorOf(code, message) };
}

/** Truncated, with anything that looks like an openid or a payment code removed. */
function errorOf(code: string, message: string): WalletError {
  const safe = message.replace(/[0-9A-Za-z_-]{18,}/g, '…').slice(0, 200);
  return { wallet: 'wechatpay', code: code.slice(0, 64), message: safe, requestId: null };
}
