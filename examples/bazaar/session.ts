/**
 * Who asks, in which language, from which device, and whether a form came from our own pages.
 *
 * Two defences against forged forms: the buyer's cookie is SameSite=Lax, and every POST must say,
 * by Origin, that it comes from this very origin. Cookies hold no prices and no personal data.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { MarketplaceName } from './catalogue/catalogue.ts';
import type { PlacedOrder } from './order.ts';

export type Locale = 'zh' | 'en';

const YEAR_SECONDS = 31_536_000;

export function readCookies(header: string | undefined): ReadonlyMap<string, string> {
  const cookies = new Map<string, string>();
  for (const part of (header ?? '').split(';')) {
    const at = part.indexOf('=');
    if (at > 0) cookies.set(part.slice(0, at).trim(), part.slice(at + 1).trim());
  }
  return cookies;
}

export function cookie(name: string, value: string, isSecure: boolean): string {
  const lifetime = value === '' ? 0 : YEAR_SECONDS;
  const secure = isSecure ? '; Secure' : '';
  return `${name}=${value}; Path=/; Max-Age=${lifetime}; HttpOnly; SameSite=Lax${secure}`;
}

export const BUYER_COOKIE = 'bazaar_buyer';
export const LOCALE_COOKIE = 'bazaar_locale';
export const cartCookie = (marketplace: MarketplaceName): string => `bazaar_cart_${marketplace}`;

/** The buyer's id, if the cookie holds one that we could have given. */
export function readBuyer(cookies: ReadonlyMap<string, string>): string | undefined {
  const value = cookies.get(BUYER_COOKIE) ?? '';
  return /^[0-9A-Z]{26}$/.test(value) ? value : undefined;
}

/** The switch wins; then the browser's languages in the order of their weights; then Chinese. */
export function readLocale(
  cookies: ReadonlyMap<string, string>,
  acceptLanguage: string | undefined,
): Locale {
  const chosen = cookies.get(LOCALE_COOKIE);
  if (chosen === 'zh' || chosen === 'en') return chosen;
  const wanted = (acceptLanguage ?? '').split(',').map((part) => {
    const [tag = '', ...parameters] = part.trim().toLowerCase().split(';');
    const weight = parameters.map((text) => /^\s*q=([\d.]+)$/.exec(text)?.[1]).find(Boolean);
    return { tag, weight: weight === undefined ? 1 : Number(weight) };
  });
  wanted.sort((a, b) => b.weight - a.weight);
  const first = wanted.find(({ tag, weight }) => weight > 0 && /^(zh|en)\b/.test(tag));
  return first?.tag.startsWith('en') === true ? 'en' : 'zh';
}

export function deviceOf(userAgent: string | undefined): PlacedOrder['device'] {
  const agent = userAgent ?? '';
  if (agent.includes('MicroMessenger')) return 'wechat';
  if (agent.includes('AlipayClient')) return 'alipay';
  if (/\bUnionPay\/|\bCloudPay\b/.test(agent)) return 'unionpay';
  if (/\bjdapp\b|\bJDJR\b/.test(agent)) return 'jdpay';
  return /Mobi|Android|iPhone|iPad|HarmonyOS/.test(agent) ? 'mobile' : 'desktop';
}

/** Why a form is refused, or undefined. A browser always sends Origin with a POST. */
export function forgery(headers: IncomingHttpHeaders, origin: string): string | undefined {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin') return `sec-fetch-site is ${String(site)}`;
  const claimed = headers.origin ?? refererOrigin(headers.referer);
  if (claimed === undefined) return 'neither Origin nor Referer came with the form';
  return claimed === origin ? undefined : 'the form came from another origin';
}

function refererOrigin(referer: string | undefined): string | undefined {
  return referer !== undefined && URL.canParse(referer) ? new URL(referer).origin : undefined;
}

/** A path of ours, or the fallback: a link may not lead a buyer away from here. */
export function localPath(path: string | undefined, fallback: string): string {
  return path !== undefined && /^\/(?![/\\])[\w\-./?=&%+]*$/.test(path) ? path : fallback;
}
