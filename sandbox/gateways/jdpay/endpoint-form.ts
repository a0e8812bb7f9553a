/**
 * The form interface: a browser posts what the merchant signed and is redirected to the cashier.
 * The phone takes the same form from a `next_action`; both are verified here, alike.
 */

import { ok, type Result } from '../../../src/kernel/result.ts';
import {
  decryptForm,
  type FormFields,
  openForm,
  parseForm,
} from '../../../src/wires/jdpay/form.ts';
import { VERSION } from '../../../src/wires/jdpay/message.ts';
import { LOST } from '../../kit/gate.ts';
import type { Handled, WireRequest } from '../../kit/kit.ts';
import { CASHIER_PATH, errorPage } from './cashier-page.ts';
import { type Call, type Context, takeFault } from './context.ts';
import { explainForm } from './explain.ts';
import { checkFields, fieldOf } from './field-rules.ts';
import { messageKeys } from './identity.ts';
import { createOnline } from './orders.ts';
import type { MerchantRecord, OrderRecord } from './records.ts';
import { RESULT_CODES, type Refusal, refuse } from './refusal.ts';

/** `POST /jdpay/saveOrder` and `/jdpay/customerPay`. */
export async function handleForm(context: Context, request: WireRequest): Promise<Handled> {
  if (request.method !== 'POST') return { status: 405, headers: { allow: 'POST' }, body: '' };
  const posted = parseForm(request.body);
  if (!posted.ok) {
    const desc = '表单格式错误 the form is too long, or a field is repeated';
    return errorPage({ code: RESULT_CODES.unreadable, desc });
  }
  const opened = openPosted(context, `POST ${request.target}`, posted.value);
  if (!opened.ok) return errorPage(opened.error);
  const order = createPosted(opened.value);
  if (!order.ok) return errorPage(order.error);
  if (takeFault(opened.value, 'create', ['answer_lost']) !== undefined) return LOST;
  return { status: 302, headers: { location: cashierTarget(order.value) }, body: '' };
}

/** The Location is relative, as JD's is for PC. */
function cashierTarget({ tradeNum, orderId, cashierKey }: OrderRecord): string {
  const query = new URLSearchParams({ tradeNum, orderId, key: cashierKey });
  return `${CASHIER_PATH}?${query.toString()}`;
}

/** The order requested by a posted form. */
export function createPosted(call: Call): Result<OrderRecord, Refusal> {
  const checked = checkFields(call.fields, 'saveOrder');
  return checked.ok ? createOnline(call) : checked;
}

/** The form submitted by the buyer's browser, as a verified call. */
export function openPosted(
  context: Context,
  what: string,
  posted: FormFields,
): Result<Call, Refusal> {
  const merchant = context.store.merchants.get(fieldOf(posted, 'merchant'));
  if (merchant === undefined) return refuse('unknownMerchant', '商户号不存在 no such merchant');
  if (fieldOf(posted, 'version') !== VERSION) return refuse('unreadable', 'version is V2.0');
  const opened = openForm(messageKeys(context.kit, merchant), posted);
  if (opened.ok) return ok({ context, merchant, fields: opened.value });
  const flaw = opened.error;
  switch (flaw.code) {
    case 'malformed':
    case 'not_decryptable':
      return refuse(
        'notDecryptable',
        `解密失败 ${flaw.field} is not 3DES hex of this merchant’s key`,
      );
    case 'ambiguous':
      return refuse('badSignature', `验签失败 ${flaw.field} holds another field: &name=`);
    case 'unsigned':
      return refuse('badSignature', '验签失败 sign is missing');
    case 'bad_signature':
      explainRefusal(context, merchant, what, posted);
      return refuse('badSignature', '验签失败 the signature does not verify');
  }
}

function explainRefusal(
  context: Context,
  merchant: MerchantRecord,
  what: string,
  posted: FormFields,
): void {
  const keys = messageKeys(context.kit, merchant);
  const plain = decryptForm(keys.desKey, posted);
  if (!plain.ok) return;
  const refused = { what: `${what} of merchant ${merchant.merchant}`, key: keys.publicKey };
  const sign = fieldOf(posted, 'sign');
  context.kit.explanations.add(explainForm({ ...refused, sign, posted, plain: plain.value }));
}
