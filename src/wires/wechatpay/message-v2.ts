/**
 * The XML of APIv2: `<xml>` around flat elements, values as text or CDATA. Only that is accepted:
 * no attributes, no nesting, no DTD, no entities but the five of XML and numeric ones, no repeated
 * name. Anything else is not a message of this wire, which a single pass over the text detects.
 */
export type V2Fields = ReadonlyMap<string, string>;

const CHARS_MAX = 262_144;
const CDATA_OPEN = '<![CDATA[';
const CDATA_CLOSE = ']]>';
/** An empty element may be closed in its own tag. */
const NAME = /<([A-Za-z_][\w.-]{0,63})(\/?)>/y;
const BLANKS = /[ \t\r\n]*/y;
const PROLOGUE = /^\ufeff?[ \t\r\n]*(?:<\?xml[^<>?]{0,128}\?>[ \t\r\n]*)?<xml>/;
const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
};

/** undefined = not a flat `<xml>` message. */
export function readXml(text: string): V2Fields | undefined {
  if (text.length > CHARS_MAX) return undefined;
  const prologue = PROLOGUE.exec(text);
  if (prologue === null) return undefined;
  const fields = new Map<string, string>();
  let at = skipBlanks(text, prologue[0].length);
  while (!text.startsWith('</xml>', at)) {
    NAME.lastIndex = at;
    const [tag = '', name, isEmpty] = NAME.exec(text) ?? [];
    if (name === undefined || fields.has(name)) return undefined;
    const end = at + tag.length;
    const read = isEmpty ? { value: '', end } : readValue(text, end, `</${name}>`);
    if (read === undefined) return undefined;
    fields.set(name, read.value);
    at = skipBlanks(text, read.end);
  }
  return skipBlanks(text, at + '</xml>'.length) === text.length ? fields : undefined;
}

function skipBlanks(text: string, at: number): number {
  BLANKS.lastIndex = at;
  return at + (BLANKS.exec(text)?.[0].length ?? 0);
}

/** Text and CDATA sections up to the closing tag. */
function readValue(
  text: string,
  from: number,
  closing: string,
): { readonly value: string; readonly end: number } | undefined {
  let value = '';
  let at = from;
  while (!text.startsWith(closing, at)) {
    if (text.startsWith(CDATA_OPEN, at)) {
      const end = text.indexOf(CDATA_CLOSE, at);
      if (end === -1) return undefined;
      value += text.slice(at + CDATA_OPEN.length, end);
      at = end + CDATA_CLOSE.length;
      continue;
    }
    const end = text.indexOf('<', at);
    const plain = end <= at ? undefined : decodeText(text.slice(at, end));
    if (plain === undefined) return undefined;
    value += plain;
    at = end;
  }
  return { value, end: at + closing.length };
}

function decodeText(text: string): string | undefined {
  let isWell = true;
  const decoded = text.replace(/&([^;&]{0,10})(;?)/g, (_all, name: string, end: string) => {
    const char = end === '' ? undefined : (ENTITIES[name] ?? numericEntity(name));
    if (char === undefined) isWell = false;
    return char ?? '';
  });
  return isWell ? decoded : undefined;
}

function numericEntity(name: string): string | undefined {
  const match = /^#(?:x([0-9a-f]{1,6})|(\d{1,7}))$/i.exec(name);
  if (match === null) return undefined;
  const point = match[1] === undefined ? Number(match[2]) : Number.parseInt(match[1], 16);
  const isChar = point >= 0x20 && point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
  return isChar || point === 9 || point === 10 || point === 13
    ? String.fromCodePoint(point)
    : undefined;
}

export function writeXml(fields: V2Fields): string {
  const parts = [...fields].map(([name, value]) => {
    // The end mark of a CDATA section cannot stand inside it.
    const safe = value.replaceAll(CDATA_CLOSE, `]]${CDATA_CLOSE}${CDATA_OPEN}>`);
    return `<${name}>${CDATA_OPEN}${safe}${CDATA_CLOSE}</${name}>`;
  });
  return `<xml>${parts.join('')}</xml>`;
}
