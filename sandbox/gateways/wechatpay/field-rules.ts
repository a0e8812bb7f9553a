/**
 * Field rules as data, and the check that answers like WeChat Pay: PARAM_ERROR with a JSON pointer,
 * the value, the issue and the location. Unknown fields are ignored, as by the wallet.
 */
import { ok, type Result } from '../../../src/kernel/result.ts';
import { isRecord, type JsonRecord } from '../../../src/wires/wechatpay/json.ts';
import { isPlainText, UNPLAIN } from '../../../src/wires/wechatpay/trade.ts';
import { forbiddenCharacter } from '../../kit/forbidden-character.ts';
import type { Explanation } from '../../kit/kit.ts';
import { paramError, type Refusal } from './refusal.ts';

interface Common {
  readonly label: string;
  readonly isRequired?: true;
}

export type Rule =
  | (Common & {
      readonly kind: 'text';
      readonly charsMax: number;
      readonly charsMin?: number;
      readonly pattern?: RegExp;
    })
  | (Common & { readonly kind: 'integer'; readonly min: number })
  | (Common & { readonly kind: 'flag' })
  | (Common & { readonly kind: 'choice'; readonly values: readonly string[] })
  | (Common & { readonly kind: 'object'; readonly fields: Fields; readonly bytesMax?: number })
  | (Common & {
      readonly kind: 'list';
      readonly item: Rule;
      readonly countMin: number;
      readonly countMax: number;
    });

export type Fields = Readonly<Record<string, Rule>>;

export const text = (label: string, charsMax: number): Rule => ({ kind: 'text', label, charsMax });
export const integer = (label: string, min: number): Rule => ({ kind: 'integer', label, min });
export const flag = (label: string): Rule => ({ kind: 'flag', label });
export const object = (label: string, fields: Fields): Rule => ({ kind: 'object', label, fields });
export const choice = (label: string, ...values: readonly string[]): Rule => {
  return { kind: 'choice', label, values };
};
export const list = (label: string, item: Rule, countMin: number, countMax: number): Rule => {
  return { kind: 'list', label, item, countMin, countMax };
};
export const required = (rule: Rule): Rule => ({ ...rule, isRequired: true });
/** A text that may not be missing. */
export const needed = (label: string, charsMax: number): Rule => required(text(label, charsMax));

type Checked = Result<void, Refusal>;
const FINE: Checked = ok(undefined);

/** The first broken rule, in the order in which the fields are declared. */
export function checkFields(body: JsonRecord, fields: Fields, pointer = ''): Checked {
  for (const [name, rule] of Object.entries(fields)) {
    const value = Object.hasOwn(body, name) ? body[name] : undefined;
    const checked = checkValue(value, rule, `${pointer}/${name}`);
    if (!checked.ok) return checked;
  }
  return FINE;
}

function checkValue(value: unknown, rule: Rule, pointer: string): Checked {
  if (value === undefined || value === null || value === '') {
    if (rule.isRequired !== true) return FINE;
    return missingField(pointer, rule.label);
  }
  switch (rule.kind) {
    case 'text':
      return checkText(value, rule, pointer);
    case 'integer':
      return checkInteger(value, rule, pointer);
    case 'flag':
      return typeof value === 'boolean' ? FINE : wrongType(value, rule, pointer, '布尔');
    case 'choice':
      if (typeof value === 'string' && rule.values.includes(value)) return FINE;
      return broken(
        pointer,
        String(value),
        `枚举字段“${rule.label}”枚举值`,
        '值不在枚举范围内',
        `not one of ${rule.values.join(', ')}`,
      );
    case 'object':
      return checkObject(value, rule, pointer);
    case 'list':
      return checkList(value, rule, pointer);
  }
}

function checkText(
  value: unknown,
  rule: Extract<Rule, { kind: 'text' }>,
  pointer: string,
): Checked {
  if (typeof value !== 'string') return wrongType(value, rule, pointer, '字符串');
  const field = `字符串字段“${rule.label}”`;
  const { charsMax, charsMin = 1, pattern } = rule;
  if (value.length > charsMax) {
    const rest = `字符数 ${value.length}，大于最大值 ${charsMax}`;
    return broken(pointer, value, `${field}字符数`, rest, `longer than ${charsMax}`);
  }
  if (value.length < charsMin) {
    const rest = `字符数 ${value.length}，小于最小值 ${charsMin}`;
    return broken(pointer, value, `${field}字符数`, rest, `shorter than ${charsMin}`);
  }
  if (!isPlainText(value)) {
    return broken(pointer, value, `${field}字符集`, '含有不支持的字符', UNSUPPORTED);
  }
  if (pattern !== undefined && !pattern.test(value)) {
    return broken(pointer, value, `${field}格式`, '格式不正确', `does not match ${pattern.source}`);
  }
  return FINE;
}

function checkInteger(
  value: unknown,
  rule: Extract<Rule, { kind: 'integer' }>,
  pointer: string,
): Checked {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) {
    return wrongType(value, rule, pointer, '数值');
  }
  if (value >= rule.min) return FINE;
  const rest = `值低于最小值 ${rule.min}`;
  return broken(pointer, String(value), `数值字段“${rule.label}”`, rest, `less than ${rule.min}`);
}

function checkObject(
  value: unknown,
  rule: Extract<Rule, { kind: 'object' }>,
  pointer: string,
): Checked {
  if (!isRecord(value)) return wrongType(value, rule, pointer, '对象');
  const bytes = Buffer.byteLength(JSON.stringify(value));
  if (rule.bytesMax !== undefined && bytes > rule.bytesMax) {
    const rest = `字节数 ${bytes}，大于最大值 ${rule.bytesMax}`;
    return broken(pointer, '', `对象字段“${rule.label}”`, rest, `over ${rule.bytesMax} bytes`);
  }
  return checkFields(value, rule.fields, pointer);
}

function checkList(
  value: unknown,
  rule: Extract<Rule, { kind: 'list' }>,
  pointer: string,
): Checked {
  if (!Array.isArray(value)) return wrongType(value, rule, pointer, '数组');
  if (value.length < rule.countMin || value.length > rule.countMax) {
    const rest = `元素个数 ${value.length}，应为 ${rule.countMin} 到 ${rule.countMax}`;
    const issue = `not ${rule.countMin} to ${rule.countMax} items`;
    return broken(pointer, String(value.length), `数组字段“${rule.label}”元素个数`, rest, issue);
  }
  for (const [index, item] of value.entries()) {
    const checked = checkValue(item, rule.item, `${pointer}/${index}`);
    if (!checked.ok) return checked;
  }
  return FINE;
}

function wrongType(value: unknown, rule: Rule, pointer: string, type: string): Checked {
  const text = typeof value === 'object' ? '' : String(value);
  const field = `${type}字段“${rule.label}”`;
  return broken(pointer, text, field, `此字段应为${type}`, `is not of the type ${rule.kind}`);
}

/** `field` reads like 数值字段“总金额”; `rest` says what is wrong. */
function broken(
  pointer: string,
  value: string,
  field: string,
  rest: string,
  issue: string,
): Result<never, Refusal> {
  const message = `输入源“/body${pointer}”映射到${field}规则校验失败，${rest}`;
  const shown = value.slice(0, 128);
  return paramError(message, { field: pointer, value: shown, issue, location: 'body' });
}

export function missingField(pointer: string, label: string): Result<never, Refusal> {
  return broken(pointer, '', `字段“${label}”必填性`, '此字段为必填项', 'is required');
}

/** A rule that no table can express (a time, a URL): the same answer. */
export function brokenField(
  pointer: string,
  value: string,
  label: string,
  rest: string,
): Result<never, Refusal> {
  return broken(pointer, value, `字符串字段“${label}”`, rest, rest);
}

/** A missing or wrong parameter of the query string. */
export function brokenQuery(name: string, label: string): Result<never, Refusal> {
  const message = `输入源“/query/${name}”映射到字段“${label}”必填性规则校验失败，此字段为必填项`;
  return paramError(message, { field: name, value: '', issue: 'is required', location: 'query' });
}

const UNSUPPORTED = 'unsupported character';

/** The refused character, for the sandbox's log: the wallet's answer does not name it. */
export function explainCharacter(what: string, refusal: Refusal): Explanation | undefined {
  const detail = refusal.body?.detail;
  if (detail?.issue !== UNSUPPORTED) return undefined;
  return characterExplanation(what, detail.field ?? '', detail.value ?? '');
}

export function characterExplanation(what: string, field: string, value: string): Explanation {
  const found = forbiddenCharacter(value, UNPLAIN) ?? 'a character after those shown';
  return {
    ...{ wallet: 'wechatpay', what, received: value },
    expected: [...value].filter(isPlainText).join(''),
    hint: `${field}: ${found} is not taken: no 4-byte UTF-8 (emoji) and no control characters`,
  };
}
