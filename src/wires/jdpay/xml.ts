/**
 * The XML of JD's messages: elements and text, nothing else. Written as one line, since clients
 * strip CR, LF and TAB before they hash; a document with entities of its own, comments, CDATA or a
 * DOCTYPE is unreadable. A verifier hashes the raw text, never what is rewritten from a parse.
 */
import { XMLParser } from 'fast-xml-parser';

export interface XmlElement {
  readonly name: string;
  readonly text: string;
  readonly children: readonly XmlElement[];
}

/** A field's value, or the fields below it; empty values are left out when written. */
export type XmlContent = string | readonly XmlField[];
export type XmlField = readonly [name: string, content: XmlContent];

export const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>';
const TEXT = '#text';
const DEPTH_MAX = 16;

export function writeXml(root: string, fields: readonly XmlField[]): string {
  return `${DECLARATION}<${root}>${writeFields(fields)}</${root}>`;
}

function writeFields(fields: readonly XmlField[]): string {
  return fields
    .filter(([, content]) => content !== '')
    .map(([name, content]) => {
      const inside = typeof content === 'string' ? escapeText(content) : writeFields(content);
      return `<${name}>${inside}</${name}>`;
    })
    .join('');
}

/** One line: breaks and tabs become blanks, what XML cannot carry is left out. */
function escapeText(text: string): string {
  return oneLine(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

export function oneLine(text: string): string {
  const whole = Buffer.from(text, 'utf8').toString('utf8');
  return whole.replace(/[\r\n\t]+/g, ' ').replace(NOT_XML, '');
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: exactly these are not XML
const NOT_XML = /[\u0000-\u001f\u007f\ufffe\uffff]/g;

/** The root element, or undefined for anything but one document of elements and text. */
export function readXml(text: string): XmlElement | undefined {
  const body = text.replace(/^\s*<\?xml[^<>]*\?>/, '').trim();
  if (!body.startsWith('<') || body.includes('<!') || body.includes('<?')) return undefined;
  try {
    const parser = new XMLParser({
      preserveOrder: true,
      processEntities: false,
      parseTagValue: false,
      ignoreAttributes: true,
      trimValues: false,
      maxNestedTags: DEPTH_MAX,
    });
    const nodes: unknown = parser.parse(body, true);
    const [root, another] = elementsOf(nodes);
    return another === undefined ? root : undefined;
  } catch {
    return undefined;
  }
}

/** The parser's ordered form: `[{name: [{'#text': 'x'}]}, …]`. */
function elementsOf(nodes: unknown): XmlElement[] {
  if (!Array.isArray(nodes)) return [];
  return nodes.flatMap((node: Readonly<Record<string, unknown>>) =>
    Object.keys(node)
      .filter((name) => name !== TEXT && Array.isArray(node[name]))
      .map((name) => elementOf(name, node[name] as readonly unknown[])),
  );
}

function elementOf(name: string, nodes: readonly unknown[]): XmlElement {
  const children = elementsOf(nodes);
  const text = nodes
    .map((node) => (node as Readonly<Record<string, unknown>>)[TEXT])
    .filter((part) => typeof part === 'string')
    .join('');
  return { name, text: children.length === 0 ? decodeText(text) : '', children };
}

const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
};

/** The five entities of XML itself and character references; others stay unchanged. */
function decodeText(text: string): string {
  return text.replace(/&(#x[0-9a-fA-F]{1,6}|#[0-9]{1,7}|[a-z]{2,4});/g, (whole, name: string) => {
    if (!name.startsWith('#'))
      return Object.hasOwn(ENTITIES, name) ? (ENTITIES[name] ?? '') : whole;
    const isHex = name.startsWith('#x');
    const code = Number.parseInt(name.slice(isHex ? 2 : 1), isHex ? 16 : 10);
    return code > 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff)
      ? String.fromCodePoint(code)
      : whole;
  });
}

/** The only child of that name; undefined if there is none, or more than one. */
export function childOf(element: XmlElement | undefined, name: string): XmlElement | undefined {
  const found = element?.children.filter((child) => child.name === name) ?? [];
  return found.length === 1 ? found[0] : undefined;
}

export function childrenOf(element: XmlElement | undefined, name: string): readonly XmlElement[] {
  return element?.children.filter((child) => child.name === name) ?? [];
}

/** A non-empty value that occurs exactly once. */
export function textOf(element: XmlElement | undefined, name: string): string | undefined {
  const text = childOf(element, name)?.text.trim() ?? '';
  return text === '' ? undefined : text;
}
