/**
 * A tap as text, English or Chinese: every command and answer with its decoded meaning. It prints
 * everything, card token included: for a terminal's trace, never for a log.
 */
import { readCommand, readResponse, STATUS } from '../../src/wires/nfc/apdu.ts';
import { readTlv, type Tlv } from '../../src/wires/nfc/ber-tlv.ts';
import { readDol, readDolData } from '../../src/wires/nfc/dol.ts';
import { CTQ, describeBits, TTQ } from '../../src/wires/nfc/qualifiers.ts';
import { TAGS } from '../../src/wires/nfc/tags.ts';
import type { TapExchange, TapStep } from './terminal.ts';

export type Language = 'en' | 'zh';

const STEPS: Readonly<Record<TapStep, Readonly<Record<Language, string>>>> = {
  select_directory: { en: 'SELECT PPSE: what can you pay with?', zh: '选择应用目录（PPSE）' },
  select_application: { en: 'SELECT AID: this application', zh: '选择应用（AID）' },
  processing_options: {
    en: 'GPO: the payment; sign it',
    zh: '获取处理选项（GPO）：交易数据与密文',
  },
  read_record: { en: 'READ RECORD', zh: '读记录' },
};

const LABELS = {
  en: {
    terminal: 'terminal',
    card: 'card',
    left: '(the card left the field)',
    unreadable: 'unreadable',
  },
  zh: { terminal: '终端', card: '卡片', left: '（卡片离开感应区）', unreadable: '无法解析' },
} as const;

const STATUS_TEXTS: Readonly<Record<number, Readonly<Record<Language, string>>>> = {
  [STATUS.ok]: { en: 'ok', zh: '成功' },
  [STATUS.wrongLength]: { en: 'wrong length', zh: '长度错误' },
  [STATUS.seePhone]: { en: 'unlock the phone, then tap again', zh: '请在手机上验证后再次挥卡' },
  [STATUS.conditions]: { en: 'conditions not satisfied', zh: '使用条件不满足' },
  [STATUS.notFound]: { en: 'not found', zh: '未找到文件' },
  [STATUS.recordNotFound]: { en: 'record not found', zh: '未找到记录' },
};

const APPLICATIONS: readonly (readonly [string, Readonly<Record<Language, string>>])[] = [
  ['A000000333010101', { en: 'UnionPay debit', zh: '银联借记' }],
  ['A000000333010102', { en: 'UnionPay credit', zh: '银联贷记' }],
  ['A000000333010103', { en: 'UnionPay quasi-credit', zh: '银联准贷记' }],
  ['A000000333010106', { en: 'UnionPay electronic cash', zh: '银联电子现金' }],
];

/** Lines of one exchange, the first one its title. */
export function describeExchange(exchange: TapExchange, language: Language): readonly string[] {
  const labels = LABELS[language];
  return [
    STEPS[exchange.step][language],
    `  ${labels.terminal} > ${upperHex(exchange.command)}`,
    ...commandLines(exchange, language),
    `  ${labels.card} < ${exchange.response === null ? labels.left : upperHex(exchange.response)}`,
    ...(exchange.response === null ? [] : responseLines(exchange.response, language)),
  ];
}

/** Lines of a field 55, one an object. */
export function describeField55(bytes: Buffer, language: Language): readonly string[] {
  return objectLines(bytes, language, 1);
}

function commandLines(exchange: TapExchange, language: Language): readonly string[] {
  const command = readCommand(exchange.command);
  if (!command.ok) return [`      ${LABELS[language].unreadable}: ${command.error.message}`];
  const { data, p1, p2 } = command.value;
  if (exchange.step === 'select_directory') return [`      ${data.toString('latin1')}`];
  if (exchange.step === 'select_application') return [`      ${applicationName(data, language)}`];
  if (exchange.step === 'read_record') return [`      SFI ${p2 >> 3}, ${p1}`];
  const values = readDolData(exchange.dol ?? [], data.subarray(2));
  return (exchange.dol ?? []).map(({ tag }) =>
    valueLine(tag, values?.get(tag) ?? Buffer.alloc(0), language, 3),
  );
}

function responseLines(bytes: Buffer, language: Language): readonly string[] {
  const response = readResponse(bytes);
  if (!response.ok) return [`      ${LABELS[language].unreadable}: ${response.error.message}`];
  const sw = response.value.sw.toString(16).toUpperCase().padStart(4, '0');
  const meaning = STATUS_TEXTS[response.value.sw]?.[language] ?? '';
  return [...objectLines(response.value.data, language, 3), `      ${sw} ${meaning}`.trimEnd()];
}

function objectLines(bytes: Buffer, language: Language, depth: number): readonly string[] {
  const read = readTlv(bytes, { allowsPadding: true });
  if (!read.ok)
    return [`${'  '.repeat(depth)}${LABELS[language].unreadable}: ${read.error.message}`];
  return read.value.flatMap((object) => treeLines(object, language, depth));
}

function treeLines(object: Tlv, language: Language, depth: number): readonly string[] {
  const { tag, value, children } = object;
  if (children !== null) {
    const title = `${'  '.repeat(depth)}${tag} ${nameOf(tag, language)}`;
    return [title, ...children.flatMap((child) => treeLines(child, language, depth + 1))];
  }
  if (tag !== '9F38') return [valueLine(tag, value, language, depth)];
  const dol = readDol(value);
  const wanted = dol.ok
    ? dol.value.map(({ tag: one, length }) => `${one}(${length})`).join(' ')
    : '';
  return [`${'  '.repeat(depth)}${tag} ${nameOf(tag, language)}: ${wanted}`];
}

function nameOf(tag: string, language: Language): string {
  const spec = TAGS[tag];
  if (spec === undefined) return '?';
  return language === 'en' ? spec.name : spec.nameZh;
}

function valueLine(tag: string, value: Buffer, language: Language, depth: number): string {
  const meaning = meaningOf(tag, value, language);
  const shown = `${upperHex(value)}${meaning === '' ? '' : `  ${meaning}`}`;
  return `${'  '.repeat(depth)}${tag} ${nameOf(tag, language)}: ${shown}`;
}

function meaningOf(tag: string, value: Buffer, language: Language): string {
  const separator = language === 'en' ? ', ' : '，';
  switch (tag) {
    case '9F66':
      return describeBits(value, TTQ, language).join(separator);
    case '9F6C':
      return describeBits(value, CTQ, language).join(separator);
    case '9F02':
    case '9F03': {
      const digits = value.toString('hex').replace(/^0+(?=\d{3})/, '');
      return `${digits.slice(0, -2)}.${digits.slice(-2)}`;
    }
    case '4F':
    case '84':
      return applicationName(value, language);
    case '50':
    case '5F2D':
    case '9F1E':
      return `"${value.toString('latin1').replace(/[^\x20-\x7e]/g, '?')}"`;
    case '9F27':
      return ['AAC', 'TC', 'ARQC', '?'][(value[0] ?? 0xff) >> 6] ?? '?';
    case '9F36':
      return String(Number.parseInt(value.toString('hex') || '0', 16));
    default:
      return '';
  }
}

function applicationName(aid: Buffer, language: Language): string {
  const text = upperHex(aid);
  return APPLICATIONS.find(([known]) => text.startsWith(known))?.[1][language] ?? '';
}

function upperHex(bytes: Buffer): string {
  return bytes.toString('hex').toUpperCase();
}
