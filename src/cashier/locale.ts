/**
 * The language of a page: what the reader chose with `?lang=`, else the stored choice (cookie),
 * else the browser's preference, else Chinese.
 */
import { LOCALES, type Locale } from './texts.ts';

export const LANGUAGE_COOKIE = 'hutong_lang';

export function localeNamed(name: string | null | undefined): Locale | null {
  return LOCALES.find((locale) => locale === name) ?? null;
}

/** The best of `zh` and `en` by quality, then by order. */
export function acceptedLocale(acceptLanguage: string | undefined): Locale {
  const wanted = (acceptLanguage ?? '').slice(0, 500).split(',').map(languageRange);
  const best = wanted
    .filter(({ locale, quality }) => locale !== null && quality > 0)
    .sort((a, b) => b.quality - a.quality)[0];
  return best?.locale ?? 'zh';
}

function languageRange(range: string): { locale: Locale | null; quality: number } {
  const [tag = '', ...parameters] = range.trim().toLowerCase().split(';');
  const text = parameters.find((parameter) => parameter.trim().startsWith('q='));
  const quality = text === undefined ? 1 : Number(text.trim().slice(2));
  const locale = localeNamed(tag.trim().split('-')[0]);
  return { locale, quality: Number.isFinite(quality) ? quality : 0 };
}

export function cookieValue(header: string | undefined, name: string): string | null {
  for (const pair of (header ?? '').split(';')) {
    const [key, value] = pair.trim().split('=');
    if (key === name && value !== undefined) return value;
  }
  return null;
}
