/**
 * What all cashier answers share: language, headers, cookies, and the pages without a payment.
 * Cookies hold a language, an attempt's id and, HttpOnly, the pay_token that this browser opened.
 */
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import type { HutongError } from '../kernel/errors.ts';
import { type Assets, loadAssets } from './assets.ts';
import { deviceOf } from './device.ts';
import { contentSecurityPolicy, securityHeaders } from './headers.ts';
import { acceptedLocale, cookieValue, LANGUAGE_COOKIE, localeNamed } from './locale.ts';
import { messagePage } from './pages/message.ts';
import type { PageContext } from './pages/page.ts';
import { type Locale, TEXTS, type Texts } from './texts.ts';

const LANGUAGE_COOKIE_SECONDS = 365 * 24 * 3600;
const RETRY_SECONDS = 3;
const LIMIT_SECONDS = 60;

export type Answer = (request: FastifyRequest, reply: FastifyReply) => FastifyReply;

export interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly maxAgeSeconds: number;
  /**
   * Default `/pay`: a cookie that opens a payment is sent nowhere else, if its name allows a path.
   */
  readonly path?: string;
}

/**
 * Over https the prefix `__Host-` ensures that only this host can have set a cookie, so that no
 * neighbor under the same domain can plant an attempt or a token in a buyer's browser. Browsers
 * require Secure and Path=/ for such a name.
 */
const HOST_PREFIX = '__Host-';

export interface Site {
  readonly assets: Assets;
  readonly headers: Readonly<Record<string, string>>;
  readonly context: (request: FastifyRequest) => PageContext;
  readonly send: (
    request: FastifyRequest,
    reply: FastifyReply,
    answer: { readonly status: number; readonly page: string; readonly policy?: string },
  ) => FastifyReply;
  readonly setCookie: (reply: FastifyReply, cookie: Cookie) => void;
  readonly cookie: (request: FastifyRequest, name: string) => string | null;
  readonly notFound: Answer;
  /** Returned from a wallet to a browser that did not start the payment. */
  readonly handedOver: Answer;
  readonly busy: Answer;
  readonly refused: Answer;
  readonly limited: Answer;
  /** What no address opens, or not just now. */
  readonly unopened: (error: HutongError) => Answer;
  readonly failed: (
    error: FastifyError,
    request: FastifyRequest,
    reply: FastifyReply,
  ) => FastifyReply;
}

export function siteOf(publicUrl: string): Site {
  const assets = loadAssets();
  const headers = securityHeaders(publicUrl);
  const isSecure = publicUrl.startsWith('https:');
  const prefix = isSecure ? HOST_PREFIX : '';

  const setCookie: Site['setCookie'] = (reply, { name, value, maxAgeSeconds, path = '/pay' }) => {
    const scope = isSecure ? 'Path=/; Secure' : `Path=${path}`;
    // For this header alone, fastify keeps what was set before and appends to it.
    reply.header(
      'set-cookie',
      `${prefix}${name}=${value}; ${scope}; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Lax`,
    );
  };
  const cookie: Site['cookie'] = (request, name) =>
    cookieValue(request.headers.cookie, `${prefix}${name}`);
  const localeOf = (request: FastifyRequest): Locale =>
    localeNamed(queryText(request, 'lang')) ??
    localeNamed(cookie(request, LANGUAGE_COOKIE)) ??
    acceptedLocale(request.headers['accept-language']);
  const context: Site['context'] = (request) => {
    const locale = localeOf(request);
    const { script, style, icon } = assets;
    const paths = { script: script.path, style: style.path, icon: icon.path };
    return { locale, texts: TEXTS[locale], assets: paths, path: pagePath(request) };
  };
  const send: Site['send'] = (request, reply, answer) => {
    const chosen = localeNamed(queryText(request, 'lang'));
    if (chosen !== null) {
      const maxAgeSeconds = LANGUAGE_COOKIE_SECONDS;
      setCookie(reply, { name: LANGUAGE_COOKIE, value: chosen, maxAgeSeconds, path: '/' });
    }
    const device = deviceOf(request.headers['user-agent']);
    return reply
      .code(answer.status)
      .headers(headers)
      .header('content-security-policy', answer.policy ?? contentSecurityPolicy(device, null))
      .header('vary', 'Accept-Language, Cookie, User-Agent')
      .header('content-language', TEXTS[localeOf(request)].htmlLang)
      .type('text/html; charset=utf-8')
      .send(answer.page);
  };
  return { assets, headers, context, send, setCookie, cookie, ...messages(context, send) };
}

type Messages = Pick<
  Site,
  'notFound' | 'handedOver' | 'busy' | 'refused' | 'limited' | 'failed' | 'unopened'
>;
type Message = Parameters<typeof messagePage>[1];
/** What names no page has none to go back to. */
const NOWHERE = { path: null };

function messages(contextOf: Site['context'], send: Site['send']): Messages {
  const say =
    (status: number, messageOf: (texts: Texts) => Message, more: { path?: null } = {}): Answer =>
    (request, reply) => {
      const context = { ...contextOf(request), ...more };
      return send(request, reply, { status, page: messagePage(context, messageOf(context.texts)) });
    };
  const notFound = say(404, (t) => ({ title: t.notFoundTitle, help: t.notFoundHelp }), NOWHERE);
  const handedOver = say(
    200,
    (t) => ({ title: t.handedOverTitle, help: t.handedOverHelp }),
    NOWHERE,
  );
  const refused = say(403, (t) => ({ title: t.refusedTitle, help: t.refusedHelp }));
  const sayBusy = say(503, (t) => ({ title: t.busyTitle, help: t.busyHelp }));
  const busy: Answer = (request, reply) =>
    sayBusy(request, reply.header('retry-after', RETRY_SECONDS));
  const limited: Answer = (request, reply) => {
    const seconds = Number(reply.getHeader('retry-after') ?? LIMIT_SECONDS);
    const message = (t: Texts) => ({ title: t.limitedTitle, help: t.limitedHelp(seconds) });
    return say(429, message)(request, reply.header('retry-after', seconds));
  };
  const failed: Site['failed'] = (error, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status === 429) return limited(request, reply);
    // A body that is no form, or too large, did not come from our page.
    if (status < 500) return refused(request, reply);
    request.log.error({ err: error }, 'the cashier failed');
    return busy(request, reply);
  };
  const unopened: Site['unopened'] = ({ code }) => (code === 'not_found' ? notFound : busy);
  return { notFound, handedOver, busy, refused, limited, failed, unopened };
}

function queryText(request: FastifyRequest, name: string): string | null {
  return textOf((request.query as Record<string, unknown>)[name]);
}

/** `/pay/{token}`, `/pay/go/{token}` or `/c/{token}`, if the request names one. */
export function pagePath(request: FastifyRequest): string | null {
  const params = request.params as Record<string, unknown>;
  const payToken = textOf(params.pay_token);
  if (payToken !== null) return `/pay/${encodeURIComponent(payToken)}`;
  const handOut = textOf(params.hand_out);
  if (handOut !== null) return `/pay/go/${encodeURIComponent(handOut)}`;
  const counter = textOf(params.counter);
  return counter === null ? null : `/c/${encodeURIComponent(counter)}`;
}

/** A field that was sent once; a repeated one counts as missing. */
export function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
