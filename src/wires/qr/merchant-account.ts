/**
 * The payee of an EMVCo merchant code: the objects 02 to 51. 02 to 25 belong to card schemes, 15
 * and 16 to UnionPay; 26 to 51 are templates whose first sub-object names their owner. UnionPay's
 * layout of 15 (acquirer, forwarder, merchant: 31 characters) is known from one sample.
 */

import { err, ok, type Result } from '../../kernel/result.ts';
import type { CodecError } from '../codec-error.ts';
import { codecError } from '../codec-error.ts';
import {
  readTextObjects,
  type TextField,
  type TextObject,
  writeTextObjects,
} from './text-objects.ts';

/** The registered application provider id of UnionPay: how its templates and cards begin. */
export const UNIONPAY_RID = 'A000000333';

export interface UnionPayMerchant {
  readonly acquirerIin: string;
  readonly forwardingIin: string;
  readonly merchantId: string;
}

export type MerchantAccount =
  | {
      readonly kind: 'scheme';
      readonly id: string;
      readonly value: string;
      /** Of 15 and 16 with UnionPay's layout; else null. */
      readonly unionpay: UnionPayMerchant | null;
    }
  | {
      readonly kind: 'template';
      readonly id: string;
      /** Sub-object 00: an application id, a UUID or a reversed domain. */
      readonly owner: string;
      readonly isUnionPay: boolean;
      readonly fields: readonly TextField[];
    }
  | {
      readonly kind: 'unreadable';
      readonly id: string;
      readonly value: string;
      readonly problem: CodecError;
    };

const UNIONPAY_ACCOUNT = /^(\d{8})(\d{8})([0-9A-Za-z]{15})$/;

export function readMerchantAccount(object: TextObject): MerchantAccount {
  const { id, value } = object;
  if (id < '26') return { kind: 'scheme', id, value, unionpay: unionPayMerchantOf(id, value) };
  const inner = readTextObjects(value, `${id}/`, object.position + 4);
  if (!inner.ok) return { kind: 'unreadable', id, value, problem: inner.error };
  const [first, ...rest] = inner.value;
  if (first?.id !== '00' || first.value.length > 32) {
    const at = { object: `${id}/00`, position: object.position + 4 };
    const message = `Template ${id} must start with 00, whose it is, in at most 32 characters.`;
    return { kind: 'unreadable', id, value, problem: codecError('missing', at, message) };
  }
  return {
    kind: 'template',
    id,
    owner: first.value,
    isUnionPay: first.value.toUpperCase().startsWith(UNIONPAY_RID),
    fields: rest.map((field) => ({ id: field.id, value: field.value })),
  };
}

function unionPayMerchantOf(id: string, value: string): UnionPayMerchant | null {
  const match = id === '15' || id === '16' ? UNIONPAY_ACCOUNT.exec(value) : null;
  if (match === null) return null;
  const [, acquirerIin = '', forwardingIin = '', merchantId = ''] = match;
  return { acquirerIin, forwardingIin, merchantId };
}

/** An account in UnionPay's own object; undefined when a part has not its length. */
export function unionPayAccount(merchant: UnionPayMerchant): MerchantAccount | undefined {
  const value = `${merchant.acquirerIin}${merchant.forwardingIin}${merchant.merchantId}`;
  const unionpay = unionPayMerchantOf('15', value);
  const isWhole =
    unionpay?.acquirerIin === merchant.acquirerIin && unionpay.merchantId === merchant.merchantId;
  return isWhole ? { kind: 'scheme', id: '15', value, unionpay } : undefined;
}

/** A template of one's own: `owner` is a reversed domain. */
export function templateAccount(
  id: string,
  owner: string,
  fields: readonly TextField[],
): MerchantAccount {
  const isUnionPay = owner.toUpperCase().startsWith(UNIONPAY_RID);
  return { kind: 'template', id, owner, isUnionPay, fields };
}

export function writeMerchantAccount(account: MerchantAccount): Result<TextField, CodecError> {
  const { id } = account;
  if (account.kind === 'unreadable') return err(account.problem);
  if (account.kind === 'scheme') return ok({ id, value: account.value });
  const fields = [{ id: '00', value: account.owner }, ...account.fields];
  const value = writeTextObjects(fields, `${id}/`);
  return value.ok ? ok({ id, value: value.value }) : value;
}
