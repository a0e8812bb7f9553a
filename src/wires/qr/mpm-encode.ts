/**
 * Writes EMVCo merchant-presented codes. The result is parsed back before it is returned: a code
 * that our own reader refuses is never printed.
 */

import { err, ok, type Result } from '../../kernel/result.ts';
import { type CodecError, codecError } from '../codec-error.ts';
import { crc16Text } from './crc16.ts';
import { writeMerchantAccount } from './merchant-account.ts';
import { decodeMpm, type MpmFields } from './mpm.ts';
import { type TextField, writeTextObjects } from './text-objects.ts';

/** The objects in rising order of id, the CRC last. */
export function encodeMpm(fields: MpmFields): Result<string, CodecError> {
  const objects = objectsOf(fields);
  if (!objects.ok) return objects;
  const sorted = objects.value.toSorted((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  return encodeMpmObjects(sorted);
}

/** The objects in their given order: writes again what `decodeMpm` read. */
export function encodeMpmObjects(objects: readonly TextField[]): Result<string, CodecError> {
  const body = writeTextObjects(objects);
  if (!body.ok) return body;
  const payload = `${body.value}6304${crc16Text(`${body.value}6304`)}`;
  const check = decodeMpm(payload);
  return check.ok ? ok(payload) : check;
}

function objectsOf(fields: MpmFields): Result<TextField[], CodecError> {
  const objects: TextField[] = [{ id: '00', value: '01' }];
  const add = (id: string, value: string | null): void => {
    if (value !== null) objects.push({ id, value });
  };
  add('01', fields.initiation === null ? null : fields.initiation === 'static' ? '11' : '12');
  for (const account of fields.accounts) {
    const field = writeMerchantAccount(account);
    if (!field.ok) return field;
    objects.push(field.value);
  }
  add('52', fields.categoryCode);
  add('53', fields.currency);
  add('54', fields.amount);
  objects.push(...tipObjects(fields.tip));
  add('58', fields.country);
  add('59', fields.merchantName);
  add('60', fields.merchantCity);
  add('61', fields.postalCode);
  const additional = templateValue('62', fields.additional);
  const alternate = templateValue('64', alternateFields(fields.alternate));
  for (const template of [additional, alternate]) {
    if (!template.ok) return template;
    objects.push(...template.value);
  }
  const stray = fields.extensions.find(({ id }) => id < '65');
  if (stray !== undefined) {
    const at = { object: stray.id, position: 0 };
    return err(codecError('misplaced', at, 'Extensions are the objects 65 to 99.'));
  }
  return ok([...objects, ...fields.extensions]);
}

function tipObjects(tip: MpmFields['tip']): TextField[] {
  if (tip === null) return [];
  switch (tip.kind) {
    case 'ask':
      return [{ id: '55', value: '01' }];
    case 'fixed':
      return [
        { id: '55', value: '02' },
        { id: '56', value: tip.amount },
      ];
    case 'percent':
      return [
        { id: '55', value: '03' },
        { id: '57', value: tip.percent },
      ];
  }
}

function alternateFields(alternate: MpmFields['alternate']): TextField[] {
  if (alternate === null) return [];
  const { language, name, city } = alternate;
  const fields = [
    { id: '00', value: language },
    { id: '01', value: name },
  ];
  return city === null ? fields : [...fields, { id: '02', value: city }];
}

function templateValue(id: string, fields: readonly TextField[]): Result<TextField[], CodecError> {
  if (fields.length === 0) return ok([]);
  const value = writeTextObjects(fields, `${id}/`);
  return value.ok ? ok([{ id, value: value.value }]) : value;
}
