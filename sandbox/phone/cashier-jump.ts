/**
 * A scanned cashier URL, or a merchant's printed counter code: the phone opens it like the wallet's
 * own browser, with cookies and through the wallet's sign-in redirects, types the amount if a
 * counter asks for it, submits the choice that the page marks as this wallet's own, until the page
 * states what is to be paid (`next-action`) or redirects to a wallet's page. It calls only the
 * cashier and the city.
 */
import { type Fen, fenToYuan } from '../../src/kernel/money.ts';
import { err, ok, type Result } from '../../src/kernel/result.ts';
import type { WalletName } from '../../src/kernel/wallet-names.ts';
import type { HttpClient, HttpResponse } from '../../src/runtime/http-client.ts';
import { type InputError, inputError } from '../http/json.ts';
import { readCashierPage, screenOf, visitOf } from './cashier-page.ts';
import type { PhoneCode } from './code-text.ts';
import { checkReach, type PhoneReach } from './reach.ts';

const STEP_COUNT_MAX = 10;
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
  /** What the buyer types at a counter. */
  readonly amountFen: Fen | null;
  readonly http: HttpClient;
  readonly reach: PhoneReach;
  /** Is this URL a wallet's own page, where a payment starts? */
  readonly isWalletPage: (url: string) => Promise<boolean>;
}

/**
 * The cashier's own URL, the short one inside a payment's QR code, or our page that hands out a
 * wallet's form.
 */
export function isCashierUrl(text: string): boolean {
  return hasPath(text, /^\/(?:pay|q|pay\/go)\/[^/]+$/);
}

function isHandOutUrl(text: string): boolean {
  return hasPath(text, /^\/pay\/go\/[^/]+$/);
}

/** A fixed, printed code of a merchant: static, whoever scans it. */
export function isCounterUrl(text: string): boolean {
  return hasPath(text, /^\/c\/[0-9a-f]{20}$/);
}

function hasPath(text: string, path: RegExp): boolean {
  if (!/^https?:/i.test(text) || !URL.canParse(text)) return false;
  return path.test(new URL(text).pathname);
}

/**
 * One message for what does not answer and for what answers but is no cashier: the phone must not
 * reveal what listens in the city's network.
 */
const NO_CASHIER = 'no cashier that can be paid answers at that address';
const notPayable = (screen: string): string =>
  `the cashier has nothing to pay at present: it shows ${screen}`;

type Cookies = Map<string, Map<string, string>>;

/** One request of the wallet's browser; `form` makes it a POST. */
interface Step {
  readonly url: URL;
  readonly form: Readonly<Record<string, string>> | null;
}

export async function followCashier(options: JumpOptions): Promise<Result<PhoneCode, InputError>> {
  const origins = new Set([new URL(options.url).origin, new URL(options.reach.publicUrl).origin]);
  const cookies: Cookies = new Map();
  let step: Step = { url: new URL(options.url), form: null };
  for (let count = 0; count < STEP_COUNT_MAX; count += 1) {
    const page = await open(options, step, cookies);
    if (!page.ok) return page;
    const next = nextStep(options, step, page.value);
    if (!next.ok) return next;
    if ('code' in next.value) return ok(next.value.code);
    const { url, form } = next.value;
    if (form === null && (await options.isWalletPage(url.href))) return ok(url.href);
    if (!origins.has(url.origin) && !isHandOutUrl(url.href)) {
      return refuse('the cashier leads to another site');
    }
    step = next.value;
  }
  return refuse(`the cashier takes more than ${STEP_COUNT_MAX} steps`);
}

function nextStep(
  options: JumpOptions,
  { url: here, form: sent }: Step,
  { status, headers, body }: HttpResponse,
): Result<Step | { readonly code: PhoneCode }, InputError> {
  if (status >= 300 && status <= 399) {
    const url = urlFrom(headers.location, here);
    return url === undefined
      ? refuse('the cashier redirects, but not to a URL')
      : ok({ url, form: null });
  }
  const html = body.toString('utf8');
  if (isCounterUrl(here.href)) {
    if (sent !== null) return refuse('the counter refuses the amount');
    if (screenOf(html) === 'counter-closed') {
      return refuse('the counter takes no payment now: it is disabled');
    }
    const visit = status === 200 ? visitOf(html) : undefined;
    if (visit === undefined) return refuse(NO_CASHIER);
    if (options.amountFen === null) {
      const message = 'the buyer types the amount at a counter: send amount';
      return err(inputError('amount_missing', 'amount', message));
    }
    return ok({ url: here, form: { amount: fenToYuan(options.amountFen), visit } });
  }
  const screen = screenOf(html);
  if (status !== 200) return refuse(screen === undefined ? NO_CASHIER : notPayable(screen));
  const read = readCashierPage(html);
  if (!read.ok) return refuse(screen === undefined ? NO_CASHIER : notPayable(screen));
  if ('code' in read.value) {
    const { code } = read.value;
    // The form stays, for whoever presses the button.
    if (typeof code === 'string' && isHandOutUrl(code))
      return ok({ url: new URL(code), form: null });
    return ok(read.value);
  }
  const url = urlFrom(read.value.address, here);
  return url === undefined ? refuse('the cashier leads nowhere') : ok({ ...read.value, url });
}

async function open(
  options: JumpOptions,
  { url, form }: Step,
  cookies: Cookies,
): Promise<Result<HttpResponse, InputError>> {
  const target = await checkReach(url, options.reach);
  if (!target.ok) return refuse(`the phone does not open that URL: ${target.error}`);
  const jar = cookies.get(url.origin) ?? new Map<string, string>();
  cookies.set(url.origin, jar);
  const { address } = target.value;
  const answer = await options.http.send({
    method: form === null ? 'GET' : 'POST',
    url: target.value.url,
    headers: {
      'user-agent': USER_AGENTS[options.wallet],
      accept: 'text/html',
      'accept-language': 'zh-CN,zh;q=0.9',
      ...(jar.size === 0 ? {} : { cookie: [...jar].map(([n, v]) => `${n}=${v}`).join('; ') }),
      ...(form === null
        ? {}
        : { origin: url.origin, 'content-type': 'application/x-www-form-urlencoded' }),
    },
    ...(form === null ? {} : { body: new URLSearchParams(form).toString() }),
    timeoutMs: TIMEOUT_MS,
    ...(address === undefined ? {} : { address }),
  });
  if (!answer.ok) return refuse(NO_CASHIER);
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

function urlFrom(location: string | undefined, base: URL): URL | undefined {
  if (location === undefined || !URL.canParse(location, base.href)) return undefined;
  return new URL(location, base.href);
}

function refuse(message: string): { readonly ok: false; readonly error: InputError } {
  return err(inputError('cashier_not_payable', 'code', message));
}
