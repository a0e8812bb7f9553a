/**
 * Answers as sent on the wire: 2xx signed over the exact bytes sent, refusals unsigned with their
 * error body, unknown paths empty.
 */

import {
  type MessageSigner,
  SIGNTEST_PREFIX,
  signMessage,
} from '../../../src/wires/wechatpay/message.ts';
import type { WireResponse } from '../../kit/kit.ts';
import type { Context } from './context.ts';
import { randomToken, requestId } from './numbers.ts';
import type { Draft } from './present.ts';
import type { Refusal } from './refusal.ts';

const COMMON_HEADERS = {
  server: 'nginx',
  'keep-alive': 'timeout=8',
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-cache, must-revalidate',
  'content-language': 'zh-CN',
} as const;
const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' };

export async function signedAnswer(
  context: Context,
  signer: MessageSigner,
  answer: { readonly body: Draft | null; readonly isProbe: boolean },
): Promise<WireResponse> {
  const { kit } = context;
  const body = Buffer.from(answer.body === null ? '' : JSON.stringify(answer.body));
  const timestamp = String(Math.floor(kit.wall.nowMs() / 1000));
  const nonce = randomToken(kit.random, 32);
  const signed = await signMessage(signer, { timestamp, nonce }, body);
  if (answer.isProbe) {
    const signature = signed['Wechatpay-Signature'] ?? '';
    signed['Wechatpay-Signature'] = `${SIGNTEST_PREFIX}${signature.slice(0, 40)}`;
  }
  return {
    status: answer.body === null ? 204 : 200,
    headers: {
      ...COMMON_HEADERS,
      ...(answer.body === null ? {} : JSON_TYPE),
      'Request-ID': requestId(kit.random, true),
      ...signed,
    },
    body,
  };
}

export function refusedAnswer(context: Context, refusal: Refusal): WireResponse {
  if (refusal.body === null) {
    return { status: refusal.status, headers: { server: 'nginx' }, body: '' };
  }
  const id = refusal.withoutRequestId === true ? {} : { 'Request-ID': newId(context) };
  return {
    status: refusal.status,
    headers: { ...COMMON_HEADERS, ...JSON_TYPE, ...id },
    body: JSON.stringify(refusal.body),
  };
}

function newId(context: Context): string {
  return requestId(context.kit.random, false);
}
