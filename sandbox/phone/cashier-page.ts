/**
 * What a cashier page contains for the phone: the `next-action` of an open attempt or, before there
 * is one, the choice that the page marks (`data-start`) as the browser's own wallet. Parsed as
 * text, as far as the phone needs it; anything ambiguous is refused.
 */
import { err, ok, type Result } from '../../src/kernel/result.ts';
import { isObject } from '../http/json.ts';
import { type PhoneCode, unwrapAction } from './code-text.ts';

export type CashierStep =
  | { readonly code: PhoneCode }
  | {
      readonly address: string;
      readonly form: Readonly<Record<string, string>> | null;
    };

export function readCashierPage(html: string): Result<CashierStep, string> {
  const text = nextActionText(html);
  let action: unknown = null;
  try {
    action = text === undefined ? null : JSON.parse(text);
  } catch {
    return err('the next-action of the cashier is not JSON');
  }
  if (isObject(action)) return ok({ code: unwrapAction(action) });
  const start = startOf(html);
  if (start !== undefined) return ok(start);
  return err(
    text === undefined
      ? 'the page of the cashier has no next-action'
      : 'the cashier has nothing to pay at present',
  );
}

/** The screen that a cashier page shows; undefined = not a cashier page. */
export function screenOf(html: string): string | undefined {
  for (const [, attributes = ''] of html.matchAll(/<main\b([^<>]*)>/gi)) {
    const screen = attributeOf(attributes, 'data-screen');
    if (screen !== undefined && /^[a-z-]{1,40}$/.test(screen)) return screen;
  }
  return undefined;
}

/** A counter's page: what must be submitted with the amount. */
export function visitOf(html: string): string | undefined {
  return fieldOf(html, 'visit');
}

function nextActionText(html: string): string | undefined {
  for (const { attributes, inner } of elementsOf(html, 'script')) {
    if (/\bid\s*=\s*["']?next-action["'\s]?/i.test(attributes)) return inner;
  }
  return undefined;
}

function startOf(html: string): CashierStep | undefined {
  for (const [, attributes = ''] of html.matchAll(/<a\b([^<>]*)>/gi)) {
    const address = attributeOf(attributes, 'href');
    if (attributes.includes('data-start=') && address !== undefined) return { address, form: null };
  }
  for (const { attributes, inner } of elementsOf(html, 'form')) {
    const address = attributeOf(attributes, 'action');
    const attempt = /<button\b[^<>]*\bdata-start="([^"]+)"/i.exec(inner)?.[1];
    const [wallet, product] = [fieldOf(inner, 'wallet'), fieldOf(inner, 'product')];
    const isWhole = address !== undefined && wallet !== undefined && product !== undefined;
    if (isWhole && attempt !== undefined) {
      const more = fieldOf(inner, 'payer_wallet');
      const form = { wallet, product, attempt, ...(more && { payer_wallet: more }) };
      return { address, form };
    }
  }
  return undefined;
}

interface Element {
  readonly attributes: string;
  readonly inner: string;
}

/**
 * Up to the next end tag each, in one pass: a page of nothing but start tags takes no longer than
 * another. An attribute's `<` is escaped in every page of ours.
 */
function* elementsOf(html: string, name: 'script' | 'form'): Generator<Element> {
  const start = new RegExp(`<${name}\\b([^<>]*)>`, 'gi');
  const end = new RegExp(`</${name}>`, 'gi');
  for (let opened = start.exec(html); opened !== null; opened = start.exec(html)) {
    end.lastIndex = start.lastIndex;
    const closed = end.exec(html);
    if (closed === null) return;
    yield { attributes: opened[1] ?? '', inner: html.slice(start.lastIndex, closed.index) };
    start.lastIndex = end.lastIndex;
  }
}

function fieldOf(html: string, name: string): string | undefined {
  for (const [, attributes = ''] of html.matchAll(/<input\b([^<>]*)>/gi)) {
    if (attributeOf(attributes, 'name') === name) return attributeOf(attributes, 'value');
  }
  return undefined;
}

function attributeOf(attributes: string, name: string): string | undefined {
  const value = new RegExp(`(?:^|\\s)${name}="([^"]*)"`, 'i').exec(attributes)?.[1];
  return value?.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&');
}
