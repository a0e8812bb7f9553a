/**
 * A tagged template that escapes everything it is given. Only another `html` template (or
 * `jsonScript`) passes unescaped, so no page can forget to escape a merchant's name.
 * It must never get a way to mark a plain string as safe.
 */
const MARK: unique symbol = Symbol('html');

export interface Html {
  readonly [MARK]: true;
  readonly text: string;
}

export type Part = Html | string | number | bigint | null | undefined | false | readonly Part[];

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Control characters and overrides of the reading direction, which disguise names and amounts. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  let text = strings[0] ?? '';
  for (const [index, part] of parts.entries()) {
    text += render(part) + (strings[index + 1] ?? '');
  }
  return { [MARK]: true, text };
}

/** A data block that a page's script reads; `<` never stands in it, so it cannot end early. */
export function jsonScript(id: string, value: unknown): Html {
  const json = JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  const open = html`<script type="application/json" id="${id}">`;
  return { [MARK]: true, text: `${open.text}${json}</script>` };
}

function render(part: Part): string {
  if (part === null || part === undefined || part === false) return '';
  if (typeof part === 'string') return escapeText(part);
  if (typeof part === 'number' || typeof part === 'bigint') return part.toString();
  if (isHtml(part)) return part.text;
  return part.map(render).join('');
}

function isHtml(part: Html | readonly Part[]): part is Html {
  return MARK in part;
}

function escapeText(text: string): string {
  return text.replace(UNSEEN, '').replace(/[&<>"']/g, (char) => ESCAPES[char] ?? char);
}
