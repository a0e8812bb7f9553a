/** Raw v2 and v3 calls, signed by the second verifier, for what no SDK would send. */
import crypto from 'node:crypto';
import { type Fields, signRequest } from '../second-verifier-alipay.ts';
import type { TestCity } from './city.ts';

export interface RawAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The one object in it that is an answer. */
  readonly key: string;
  readonly fields: Record<string, string | undefined>;
}

export function commonFields(city: TestCity, method: string, content?: object): Fields {
  return {
    app_id: city.account.demo.app_id,
    method,
    charset: 'utf-8',
    sign_type: 'RSA2',
    timestamp: '2026-11-22 13:49:09',
    version: '1.0',
    ...(content && { biz_content: JSON.stringify(content) }),
  };
}

export function signedFields(city: TestCity, method: string, content?: object): Fields {
  return signRequest(commonFields(city, method, content), city.account.demo.app_private_key);
}

/** biz_content in the body, the rest in the query; `inBody` puts everything in the body. */
export async function sendV2(city: TestCity, fields: Fields, inBody = false): Promise<RawAnswer> {
  const { biz_content: content, ...rest } = fields;
  const query = inBody ? '' : `?${new URLSearchParams(rest)}`;
  const body = inBody
    ? new URLSearchParams(fields)
    : new URLSearchParams(content === undefined ? {} : { biz_content: content });
  return read(await fetch(`${city.url}/gateway.do${query}`, { method: 'POST', body }));
}

export async function callV2(city: TestCity, method: string, content?: object) {
  return sendV2(city, signedFields(city, method, content));
}

export async function read(response: Response): Promise<RawAnswer> {
  const { status, headers } = response;
  const text = await response.text();
  let answer: Record<string, unknown> = {};
  try {
    answer = JSON.parse(text) as Record<string, unknown>;
  } catch {
    return { status, headers, text, key: '', fields: {} };
  }
  const key = Object.keys(answer).find((name) => name.endsWith('_response')) ?? '';
  return { status, headers, text, key, fields: (answer[key] ?? answer) as RawAnswer['fields'] };
}

export interface V3Parts {
  authText: string;
  method: string;
  target: string;
  body: string;
  sign?: string;
  headers?: Record<string, string>;
}

export function v3Parts(city: TestCity, path: string, content: object): V3Parts {
  return {
    authText: `app_id=${city.account.demo.app_id},nonce=${crypto.randomUUID()},timestamp=1795355349567`,
    method: 'POST',
    target: `/v3/alipay/trade/${path}`,
    body: JSON.stringify(content),
  };
}

export function signV3(city: TestCity, parts: V3Parts): string {
  const text = `${parts.authText}\n${parts.method}\n${parts.target}\n${parts.body}\n`;
  const signer = crypto.createSign('RSA-SHA256').update(text, 'utf8');
  return signer.sign(city.account.demo.app_private_key, 'base64');
}

export async function sendV3(city: TestCity, parts: V3Parts): Promise<RawAnswer> {
  const authorization = `ALIPAY-SHA256withRSA ${parts.authText},sign=${parts.sign ?? ''}`;
  const response = await fetch(`${city.url}${parts.target}`, {
    method: parts.method,
    headers: { 'content-type': 'application/json', authorization, ...parts.headers },
    body: parts.body,
  });
  return read(response);
}
