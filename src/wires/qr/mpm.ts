/**
 * Reads EMVCo merchant-presented codes (MPM). The CRC is checked before anything is used; the order
 * of objects and unknown ids are kept, so that the code can be written again. Amounts stay decimal
 * text and become fen without floating point. A malformed foreign template does not invalidate the
 * code: only paying by that template is refused.
 */

import { type Fen, yuanToFen } from '../../kernel/money.ts';
import { err, ok, type Result } from '../../kernel/result.ts';
import { type CodecError, codecError } from '../codec-error.ts';
import { crc16Text } from './crc16.ts';
import { type MerchantAccount, readMerchantAccount } from './merchant-account.ts';
import { readTextObjects, type TextField, type TextObject } from './text-objects.ts';

const MPM_LENGTH_MAX = 512;
export const CNY_NUMERIC = '156';
const CRC_OBJECT = '6304';
const CRC_LENGTH = 8;

export type Tip =
  | { readonly kind: 'ask' }
  | { readonly kind: 'fixed'; readonly amount: string }
  | { readonly kind: 'percent'; readonly percent: string };

export interface MpmFields {
  /** 11 and 12 of object 01; null = the code does not say. */
  readonly initiation: 'static' | 'dynamic' | null;
  readonly accounts: readonly MerchantAccount[];
  /** ISO 18245, four digits. */
  readonly categoryCode: string;
  /** ISO 4217, three digits: `156`. */
  readonly currency: string;
  /** Decimal text of the currency's main unit as it stands; null = the payer types it. */
  readonly amount: string | null;
  readonly tip: Tip | null;
  readonly country: string;
  readonly merchantName: string;
  readonly merchantCity: string;
  readonly postalCode: string | null;
  /** Template 62 as it stands: 01 bill, 03 store, 05 reference, 07 terminal, 08 purpose … */
  readonly additional: readonly TextField[];
  readonly alternate: {
    readonly language: string;
    readonly name: string;
    readonly city: string | null;
  } | null;
  /** 65 to 99: kept, not interpreted. */
  readonly extensions: readonly TextField[];
}

export interface MpmCode extends MpmFields {
  /** Of `amount`; null where there is none, or where the currency is not the yuan. */
  readonly amountFen: Fen | null;
  /** Every object in the order of the code, the CRC left out. */
  readonly objects: readonly TextObject[];
}

export function decodeMpm(payload: string): Result<MpmCode, CodecError> {
  const problem = envelopeProblem(payload);
  if (problem !== undefined) return err(problem);
  const read = readTextObjects(payload);
  if (!read.ok) return read;
  const last = read.value.at(-1);
  if (last?.id !== '63' || last.value.length !== 4) {
    const at = { object: '63', position: last?.position ?? 0 };
    return err(codecError('misplaced', at, 'The CRC (63) must be the last object, of length 04.'));
  }
  const objects = read.value.slice(0, -1);
  const [first] = objects;
  if (first?.id !== '00' || first.value !== '01') {
    const at = { object: '00', position: 0 };
    return err(codecError('misplaced', at, 'The code must start with 00, version 01.'));
  }
  return readFields(new Fields(objects));
}

/** Length, characters and CRC: checked before the objects are parsed. */
function envelopeProblem(payload: string): CodecError | undefined {
  const whole = { object: 'payload', position: 0 };
  if (payload === '') return codecError('empty', whole, 'The code is empty; scan it again.');
  const isLong = payload.length > 2 * MPM_LENGTH_MAX || Array.from(payload).length > MPM_LENGTH_MAX;
  if (isLong) {
    const message = `A merchant code has at most ${MPM_LENGTH_MAX} characters.`;
    return codecError('too_long', { object: 'payload', position: MPM_LENGTH_MAX }, message);
  }
  if (/[\p{Cs}\p{Cc}]/u.test(payload)) {
    const position = Array.from(payload).findIndex((one) => /[\p{Cs}\p{Cc}]/u.test(one));
    const message = 'Control characters and half characters have no place in a code.';
    return codecError('bad_encoding', { object: 'payload', position }, message);
  }
  const crcAt = payload.length - CRC_LENGTH;
  const position = Array.from(payload.slice(0, Math.max(crcAt, 0))).length;
  const stored = payload.slice(-4);
  if (crcAt < 0 || !payload.startsWith(CRC_OBJECT, crcAt) || !/^[0-9A-F]{4}$/.test(stored)) {
    const message = 'The code must end with 6304 and four upper-case hex digits; scan it again.';
    return codecError('missing', { object: '63', position }, message);
  }
  if (crc16Text(payload.slice(0, -4)) === stored) return undefined;
  const message = 'The CRC does not fit the code: it was misread or changed; scan it again.';
  return codecError('crc_mismatch', { object: '63', position }, message);
}

/** Looks up objects by id and remembers the first error of any. */
class Fields {
  readonly objects: readonly TextObject[];
  readonly #byId: ReadonlyMap<string, TextObject>;
  problem: CodecError | undefined;

  constructor(objects: readonly TextObject[]) {
    this.objects = objects;
    this.#byId = new Map(objects.map((object) => [object.id, object]));
  }

  optional(id: string, pattern: RegExp, wanted: string): string | null {
    const object = this.#byId.get(id);
    if (object === undefined) return null;
    if (!pattern.test(object.value)) this.refuse('bad_value', id, `must be ${wanted}`);
    return object.value;
  }

  required(id: string, pattern: RegExp, wanted: string): string {
    const value = this.optional(id, pattern, wanted);
    if (value === null) this.refuse('missing', id, `is missing; it must be ${wanted}`);
    return value ?? '';
  }

  template(id: string): readonly TextObject[] | null {
    const object = this.#byId.get(id);
    if (object === undefined) return null;
    const inner = readTextObjects(object.value, `${id}/`, object.position + 4);
    if (inner.ok) return inner.value;
    this.problem ??= inner.error;
    return null;
  }

  between(from: string, to: string): readonly TextObject[] {
    return this.objects.filter(({ id }) => id >= from && id <= to);
  }

  refuse(code: CodecError['code'], id: string, what: string): void {
    const position = this.#byId.get(id.slice(0, 2))?.position ?? 0;
    this.problem ??= codecError(code, { object: id, position }, `${id} ${what}.`);
  }
}

/** `98.` is legal, `.5`, `0.00` and `1.2.3` are not. */
const AMOUNT = /^(?=.{1,13}$)(?=.*[1-9])\d+(?:\.\d*)?$/;
const AMOUNT_WANTED = 'digits with at most one point, not zero, at most 13 characters';
const name = (max: number): RegExp => new RegExp(`^.{1,${max}}$`, 'u');

function readFields(fields: Fields): Result<MpmCode, CodecError> {
  const accounts = fields.between('02', '51').map(readMerchantAccount);
  if (accounts.length === 0) fields.refuse('missing', '02', 'to 51: one of them must name a payee');
  const initiation = fields.optional('01', /^1[12]$/, '11 (static) or 12 (dynamic)');
  const currency = fields.required('53', /^\d{3}$/, 'a currency of three digits, 156 for yuan');
  const amount = fields.optional('54', AMOUNT, AMOUNT_WANTED);
  const code = {
    initiation: initiation === null ? null : initiation === '11' ? 'static' : 'dynamic',
    accounts,
    categoryCode: fields.required('52', /^\d{4}$/, 'a category code of four digits'),
    currency,
    amount,
    amountFen: readFen(fields, currency, amount),
    tip: readTip(fields),
    country: fields.required('58', /^[A-Z]{2}$/, 'a country of two capital letters'),
    merchantName: fields.required('59', name(25), 'a name of 1 to 25 characters'),
    merchantCity: fields.required('60', name(15), 'a city of 1 to 15 characters'),
    postalCode: fields.optional('61', name(10), 'a postal code of 1 to 10 characters'),
    additional: readAdditional(fields),
    alternate: readAlternate(fields),
    extensions: fields.between('65', '99').map(({ id, value }) => ({ id, value })),
    objects: fields.objects,
  } satisfies MpmCode;
  return fields.problem === undefined ? ok(code) : err(fields.problem);
}

function readFen(fields: Fields, currency: string, amount: string | null): Fen | null {
  if (amount === null || currency !== CNY_NUMERIC) return null;
  const amountFen = yuanToFen(amount.endsWith('.') ? amount.slice(0, -1) : amount);
  if (amountFen === undefined || amountFen === 0n) {
    fields.refuse('bad_value', '54', 'must be yuan with at most two places after the point');
    return null;
  }
  return amountFen;
}

function readTip(fields: Fields): Tip | null {
  const indicator = fields.optional('55', /^0[123]$/, '01, 02 or 03');
  const fixed = fields.optional('56', AMOUNT, AMOUNT_WANTED);
  const percent = fields.optional(
    '57',
    /^(?=.{1,5}$)(?=.*[1-9])\d{1,2}(?:\.\d{1,2})?$/,
    '00.01 to 99.99',
  );
  if ((indicator === '02') !== (fixed !== null)) {
    fields.refuse('misplaced', '56', 'stands exactly where 55 is 02 (a fixed fee)');
  }
  if ((indicator === '03') !== (percent !== null)) {
    fields.refuse('misplaced', '57', 'stands exactly where 55 is 03 (a percentage)');
  }
  if (fixed !== null) return { kind: 'fixed', amount: fixed };
  if (percent !== null) return { kind: 'percent', percent };
  return indicator === null ? null : { kind: 'ask' };
}

function readAdditional(fields: Fields): readonly TextField[] {
  const inner = fields.template('62') ?? [];
  for (const { id, value } of inner) {
    const isText = id >= '01' && id <= '08';
    if (isText && !name(25).test(value)) {
      fields.refuse('bad_length', `62/${id}`, 'has at most 25 characters');
    }
    if (id === '09' && !/^[AME]{1,3}$/.test(value)) {
      fields.refuse('bad_value', '62/09', 'is made of the letters A, M and E');
    }
  }
  return inner.map(({ id, value }) => ({ id, value }));
}

function readAlternate(fields: Fields): MpmCode['alternate'] {
  const inner = fields.template('64');
  if (inner === null) return null;
  const valueAt = (id: string) => inner.find((object) => object.id === id)?.value ?? null;
  const [language, alternateName, city] = [valueAt('00'), valueAt('01'), valueAt('02')];
  if (language === null || !/^[A-Za-z]{2}$/.test(language)) {
    fields.refuse('bad_value', '64/00', 'must be a language of two letters');
  }
  if (alternateName === null || !name(25).test(alternateName)) {
    fields.refuse('bad_value', '64/01', 'must be a name of 1 to 25 characters');
  }
  if (city !== null && !name(15).test(city)) {
    fields.refuse('bad_value', '64/02', 'must be a city of 1 to 15 characters');
  }
  return { language: language ?? '', name: alternateName ?? '', city };
}
