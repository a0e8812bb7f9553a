/** What every page needs to know about its reader. Data only; pages are functions of it. */
import type { Catalogue, Text } from '../catalogue/catalogue.ts';
import type { Locale } from '../session.ts';
import { TEXTS, type TextKey } from '../texts.ts';

export interface View {
  readonly locale: Locale;
  readonly catalogue: Catalogue;
  readonly cartCount: number;
  /** This page's own path, for the language switch to come back to. */
  readonly path: string;
  readonly search: string;
}

export function say(view: View, key: TextKey): string {
  return TEXTS[key][view.locale];
}

export function pick(view: View, text: Text): string {
  return text[view.locale];
}

export function home(view: View): string {
  return `/${view.catalogue.marketplace}`;
}

const DATE_LOCALES = { zh: 'zh-CN', en: 'en-GB' };
/** Who reads English may be elsewhere. */
const ZONE_SUFFIXES = { zh: '', en: ' (UTC+8)' };

export function dateTime(view: View, atMs: number): string {
  const text = new Intl.DateTimeFormat(DATE_LOCALES[view.locale], {
    dateStyle: 'medium',
    timeStyle: 'short',
    timeZone: 'Asia/Shanghai',
  }).format(atMs);
  return `${text}${ZONE_SUFFIXES[view.locale]}`;
}
