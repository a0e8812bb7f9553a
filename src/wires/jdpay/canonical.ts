/**
 * The texts that JD's signatures cover: for a form the plain values by name, for a message the raw
 * document without its `<sign>`. A received text is never rewritten before it is hashed.
 */
import { DECLARATION } from './xml.ts';

export function formSignText(fields: Readonly<Record<string, string>>): string {
  return Object.keys(fields)
    .filter((name) => name !== 'sign' && fields[name] !== '')
    .sort()
    .map((name) => `${name}=${fields[name]}`)
    .join('&');
}

/** Cuts the one `<sign>` out of the raw text. */
export function cutSign(
  text: string,
): { readonly text: string; readonly sign: string } | undefined {
  const [before, rest, anotherStart] = text.split('<sign>');
  const [sign, after, anotherEnd] = rest?.split('</sign>') ?? [];
  const isOne = anotherStart === undefined && anotherEnd === undefined;
  if (before === undefined || sign === undefined || after === undefined || !isOne) return undefined;
  return { text: before + after, sign };
}

/**
 * The texts that the other side may have hashed: as received, without the line breaks and tabs that
 * clients strip, and each with either form of the declaration.
 */
export function signTexts(text: string): readonly string[] {
  const stripped = text.replace(/[\r\n\t]/g, '');
  const spaced = `${DECLARATION.slice(0, -2)} ?>`;
  return [...new Set([text, stripped])].flatMap((one) => {
    if (one.startsWith(DECLARATION)) return [one, spaced + one.slice(DECLARATION.length)];
    if (one.startsWith(spaced)) return [one, DECLARATION + one.slice(spaced.length)];
    return [one];
  });
}
