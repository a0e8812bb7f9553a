/**
 * A tagged template that escapes everything it is given. Only another `html` template (or a
 * script's element, below) is inserted unescaped, so no page can forget to escape a merchant's name.
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
  // A parser would turn it into a line feed, and a wallet's signed field must arrive unchanged.
  '\r': '&#13;',
};

export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  let text = strings[0] ?? '';
  for (const [index, part] of parts.entries()) {
    text += render(part) + (strings[index + 1] ?? '');
  }
  return { [MARK]: true, text };
}

/** A data block for a page's script; it never contains `<`, so it cannot end early. */
export function jsonScript(id: string, value: unknown): Html {
  const json = JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  const open = html`<script type="application/json" id="${id}">`;
  return { [MARK]: true, text: `${open.text}${json}</script>` };
}

/** A page's script. Compilers rewrite a tagged template that has the closing tag in it. */
export function deferredScript(src: string): Html {
  const open = html`<script src="${src}" defer>`;
  return { [MARK]: true, text: `${open.text}</script>` };
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
  return text.replace(/[&<>"'\r]/g, (char) => ESCAPES[char] ?? char);
}
