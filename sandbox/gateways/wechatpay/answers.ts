/**
 * Answers as they stand on the wire: 2xx signed over the very bytes that are sent, refusals
 * unsigned with their error body, unknown paths empty, and what a broken front proxy says.
 */

import {
  type MessageSigner,
  SIGNTEST_PREFIX,
  signMessage,
} from '../../../src/wires/wechatpay/message.ts';
import type { WireResponse } from '../../kit/kit.ts';
import type { Desk } from './context.ts';
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
  desk: Desk,
  signer: MessageSigner,
  answer: { readonly body: Draft | null; readonly isProbe: boolean },
): Promise<WireResponse> {
  const { kit } = desk;
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

export function refusedAnswer(desk: Desk, refusal: Refusal): WireResponse {
  if (refusal.body === null) {
    return { status: refusal.status, headers: { server: 'nginx' }, body: '' };
  }
  const id = refusal.withoutRequestId === true ? {} : { 'Request-ID': newId(desk) };
  return {
    status: refusal.status,
    headers: { ...COMMON_HEADERS, ...JSON_TYPE, ...id },
    body: JSON.stringify(refusal.body),
  };
}

function newId(desk: Desk): string {
  return requestId(desk.kit.random, false);
}

export const PROXY_502: WireResponse = {
  status: 502,
  headers: { server: 'nginx', 'content-type': 'text/html' },
  body: '<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n',
};

/**
 * Where the live page jumps into the app, the city's leads to its phone, which takes this very
 * address for the code. `target` is encoded whole: nothing of it is markup.
 */
export function h5Page(publicUrl: string, target: string): WireResponse {
  const phone = `${publicUrl}/phone?wallet=wechatpay&amp;code=${encodeURIComponent(publicUrl + target)}`;
  return {
    status: 200,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
    },
    body: `<!doctype html>
<html lang="zh-CN">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>微信支付（沙箱）</title>
<style>body{font:16px/1.6 sans-serif;margin:3rem auto;max-width:24rem;padding:0 1rem}
a{display:block;padding:12px;border-radius:6px;background:#07843f;color:#fff;text-align:center;
text-decoration:none}</style>
<h1>微信支付</h1>
<p>真的页面会在这里打开微信。沙箱城打开它的手机。</p>
<p lang="en">The real page opens WeChat here; the sandbox opens its phone.</p>
<p><a id="pay" href="${phone}">用沙箱手机支付 Pay with the sandbox phone</a></p>
</html>
`,
  };
}
