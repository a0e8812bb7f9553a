/** One verified call of APIv2 being processed, and its handler's answer. */

import type { V2Fields } from '../../../src/wires/wechatpay/message-v2.ts';
import type { V2SignType } from '../../../src/wires/wechatpay/signature-v2.ts';
import type { Context } from './context.ts';
import type { V2Draft } from './present-v2.ts';
import type { AccountRecord } from './records.ts';

export interface CallV2 {
  readonly context: Context;
  readonly account: AccountRecord;
  readonly fields: V2Fields;
  readonly subMchid: string | null;
  readonly signType: V2SignType;
}

/** A refusal has an err_code, and the fields that a signed refusal carries with it. */
export type AnswerV2 = { readonly fields: V2Draft } & (
  | { readonly ok: true }
  | { readonly ok: false; readonly code: string; readonly message: string }
);

export function refused(code: string, message: string, fields: V2Draft = {}): AnswerV2 {
  return { ok: false, code, message, fields };
}

export function wrong(name: string): AnswerV2 {
  return refused('PARAM_ERROR', `${name}参数格式错误`);
}
