/**
 * A cashier's URL, scanned: the phone opens it as the wallet's own browser would, with cookies and
 * through the wallet's sign-in redirects, until the page says what is to be paid (`next-action`)
 * or sends the buyer to a wallet's page. It goes to the cashier and to the city, nowhere else.
 */
import { err, ok, type Result } from '../../core/result.ts';
import type { WalletName } from '../../core/wallet.ts';
import type { HttpClient, HttpResponse } from '../../runtime/http-client.ts';
import { type InputError, inputError, isObject } from '../http/json.ts';
import { checkCallbackUrl } from '../kit/callback-url.ts';
import { type PhoneCode, unwrapAction } from './code-text.ts';

const REDIRECT_COUNT_MAX = 5;
const TIMEOUT_MS = 10_000;

const ANDROID =
  'Mozilla/5.0 (Linux; Android 14; Sandbox) AppleWebKit/537.36 (KHTML, like Gecko) ' +
  'Version/4.0 Chrome/131.0.0.0 Mobile Safari/537.36';
const USER_AGENTS: Readonly<Record<WalletName, string>> = {
  wechatpay: `${ANDROID} MicroMessenger/8.0.54 NetType/WIFI Language/zh_CN`,
  alipay: `${ANDROID} AlipayClient/10.6.80 AliApp(AP/10.6.80) Language/zh-Hans`,
  unionpay: `${ANDROID} UnionPay/1.0 CloudPay`,
  jdpay: `${ANDROID} jdapp;android;13.2.0`,
};

export interface JumpOptions {
  readonly url: string;
  readonly wallet: WalletName;
  readonly http: HttpClient;
  readonly publicUrl: string;
  readonly allowLocal: boolean;
  /** Is this URL a wallet's own page, where a payment starts? */
  readonly isWalletPage: (url: string) => Promise<boolean>;
}

export function isCashierUrl(text: string): boolean {
  if (!/^https?:/i.test(text) || !URL.canParse(text)) return false;
  return /^\/pay\/[^/]+$/.test(new URL(text).pathname);
}

export async function followCashier(options: JumpOptions): Promise<Result<PhoneCode, InputError>> {
  const origins = new Set([new URL(options.url).origin, new URL(options.publicUrl).origin]);
  const cookies = new Map<string, Map<string, string>>();
  let url = new URL(options.url);
  for (let count = 0; count <= REDIRECT_COUNT_MAX; count += 1) {
    const page = await open(options, url, cookies);
    if (!page.ok) return page;
    const { status, headers, body } = page.value;
    if (status < 300 || status > 399) return readPage(status, body.toString('utf8'));
    const next = nextUrl(headers.location, url);
    if (next === undefined) return refuse('the cashier redirects, but not to a URL');
    if (await options.isWalletPage(next.href)) return ok(next.href);
    if (!origins.has(next.origin)) return refuse(`the cashier redirects to ${next.origin}`);
    url = next;
  }
  return refuse(`the cashier redirects more than ${REDIRECT_COUNT_MAX} times`);
}

async function open(
  options: JumpOptions,
  url: URL,
  cookies: Map<string, Map<string, string>>,
): Promise<Result<HttpResponse, InputError>> {
  const isOwn = url.origin === new URL(options.publicUrl).origin;
  const allowLocal = isOwn || options.allowLocal;
  const target = await checkCallbackUrl(url.href, { allowLocal });
  if (!target.ok) return refuse(`the phone does not open that URL: ${target.error}`);
  const jar = cookies.get(url.origin) ?? new Map<string, string>();
  cookies.set(url.origin, jar);
  const { address } = target.value;
  const answer = await options.http.send({
    method: 'GET',
    url: target.value.url,
    headers: {
      'user-agent': USER_AGENTS[options.wallet],
      accept: 'text/html',
      'accept-language': 'zh-CN,zh;q=0.9',
      ...(jar.size === 0 ? {} : { cookie: [...jar].map(([n, v]) => `${n}=${v}`).join('; ') }),
    },
    timeoutMs: TIMEOUT_MS,
    ...(address === undefined ? {} : { address }),
  });
  if (!answer.ok) return refuse(`the cashier does not answer: ${answer.error.message}`);
  keepCookies(jar, answer.value.headers['set-cookie']);
  return answer;
}

/** The client joins repeated headers with ", "; a comma inside Expires is not followed by `x=`. */
function keepCookies(jar: Map<string, string>, header: string | undefined): void {
  if (header === undefined) return;
  for (const cookie of header.split(/,\s*(?=[^;,\s=]+=)/)) {
    const match = /^([^=;\s]+)=([^;]*)/.exec(cookie);
    if (match?.[1] !== undefined && match[2] !== undefined) jar.set(match[1], match[2]);
  }
}

function readPage(status: number, html: string): Result<PhoneCode, InputError> {
  if (status !== 200) return refuse(`the cashier answers ${status}`);
  const text = nextActionText(html);
  if (text === undefined) return refuse('the page of the cashier has no next-action');
  let action: unknown;
  try {
    action = JSON.parse(text);
  } catch {
    return refuse('the next-action of the cashier is not JSON');
  }
  if (!isObject(action)) return refuse('the cashier has nothing to pay at present');
  return ok(unwrapAction(action));
}

function nextActionText(html: string): string | undefined {
  for (const match of html.matchAll(/<script\b([^>]*)>([\s\S]*?)<\/script>/gi)) {
    const attributes = match[1] ?? '';
    if (/\bid\s*=\s*["']?next-action["'\s]?/i.test(attributes)) return match[2];
  }
  return undefined;
}

function nextUrl(location: string | undefined, base: URL): URL | undefined {
  if (location === undefined || !URL.canParse(location, base.href)) return undefined;
  return new URL(location, base.href);
}

function refuse(message: string): { readonly ok: false; readonly error: InputError } {
  return err(inputError('cashier_not_payable', 'code', message));
}
