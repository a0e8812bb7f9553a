/**
 * Answers as they stand on the wire: 2xx signed over the very bytes that are sent, refusals
 * unsigned with their error body, unknown paths empty, and what a broken front proxy says.
 */
import type { WireResponse } from '../../../sandbox/kit/kit.ts';
import { type MessageSigner, SIGNTEST_PREFIX, signMessage } from '../wire/signed-message.ts';
import type { Desk } from './call.ts';
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

/** What `h5_url` shows outside of a phone. It holds nothing of the request. */
export const H5_PAGE: WireResponse = {
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
<title>微信支付</title>
<style>body{font:16px/1.6 sans-serif;margin:3rem auto;max-width:24rem;padding:0 1rem}</style>
<h1>微信支付</h1>
<p>请在手机上打开本页地址完成支付。把地址栏里的链接粘贴到沙箱城的手机页即可。</p>
<p lang="en">Open this address on the phone: paste it into the sandbox city's phone page.</p>
</html>
`,
};
