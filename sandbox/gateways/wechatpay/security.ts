/**
 * `/v3/certificates` and `/v3/security/echo`: the two calls that tell a developer whether the key
 * material is right. The list holds every valid certificate, two during a rotation.
 */
import { ok } from '../../../src/kernel/result.ts';
import { certificateItem } from '../../../src/wires/wechatpay/certificates.ts';
import { decryptField, encryptField } from '../../../src/wires/wechatpay/field-cipher.ts';
import { textOf } from '../../../src/wires/wechatpay/json.ts';
import { notifyEcho } from './callbacks.ts';
import type { Answer, Call } from './context.ts';
import { checkFields, type Fields, needed, text } from './field-rules.ts';
import { randomToken } from './numbers.ts';
import { checkNotifyUrl } from './order-rules.ts';
import { paramError } from './refusal.ts';

export function listCertificates(call: Call): Answer {
  const { account, context, query } = call;
  const algorithm = query.get('algorithm_type') ?? 'RSA';
  if (algorithm !== 'RSA' && algorithm !== 'ALL') {
    return paramError('algorithm_type的值不支持', {
      field: 'algorithm_type',
      value: algorithm.slice(0, 32),
      issue: 'only RSA is issued here',
      location: 'query',
    });
  }
  const apiV3Key = context.keys.apiV3Key(account);
  const nowMs = context.kit.wall.nowMs();
  const living = account.platformKeys.filter((key) => nowMs < key.expiresMs);
  const data = living.map((key) => {
    const { serial, certificatePem: pem, effectiveMs, expiresMs } = key;
    const nonce = randomToken(context.kit.random, 12);
    return certificateItem({ serial, pem, effectiveMs, expiresMs }, apiV3Key, nonce);
  });
  return ok({ data });
}

const ECHO_FIELDS: Fields = {
  echo_message: needed('回显消息', 1024),
  encrypted_echo_message: text('加密的回显消息', 1024),
  notify_url: text('通知地址', 255),
};

export function echo(call: Call): Answer {
  const { account, body, context, serial } = call;
  const fields = checkFields(body, ECHO_FIELDS);
  if (!fields.ok) return fields;
  const url = textOf(body, 'notify_url');
  const allowed = checkNotifyUrl(call, url);
  if (!allowed.ok) return allowed;
  const answer: Record<string, string> = { echo_message: textOf(body, 'echo_message') ?? '' };
  const encrypted = textOf(body, 'encrypted_echo_message');
  if (encrypted !== undefined) {
    const opened = openField(call, encrypted);
    if (!opened.ok) return opened;
    const again = encryptField(context.keys.merchantKey(account), String(opened.value?.plaintext));
    answer.encrypted_echo_message = again ?? '';
  }
  if (url !== undefined) {
    notifyEcho(context, { mchid: account.mchid, signWith: serial, url, plaintext: answer });
  }
  return ok(answer);
}

/** Opens a sensitive field with the key that `Wechatpay-Serial` names. */
function openField(call: Call, ciphertext: string): Answer {
  const { account, context, serial } = call;
  const detail = { field: 'Wechatpay-Serial', value: serial ?? '', location: 'header' };
  if (serial === null) {
    const message = 'HTTP header缺少微信支付平台证书序列号(Wechatpay-Serial)';
    return paramError(message, { ...detail, issue: 'is required' });
  }
  const key = context.keys.fieldKey(account, serial);
  if (key === undefined) {
    const message = '平台证书序列号Wechatpay-Serial错误';
    return paramError(message, { ...detail, issue: 'is not a key of the platform' });
  }
  const plaintext = decryptField(key, ciphertext);
  if (plaintext !== undefined) return ok({ plaintext });
  return paramError('敏感信息解密失败', {
    field: '/encrypted_echo_message',
    value: '',
    issue: 'does not open with the key that Wechatpay-Serial names',
    location: 'body',
  });
}
