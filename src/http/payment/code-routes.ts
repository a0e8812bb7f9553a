/** /v1/payment_intents/{id}/code: a payment's universal QR code, for every wallet's app. */

import { qrSvgDocument } from '../../cashier/qr.ts';
import { assert } from '../../kernel/assert.ts';
import { ok } from '../../kernel/result.ts';
import { PaymentCodeShape } from '../merchant/counter-schema.ts';
import { type AnyRoute, defineRoute } from '../route.ts';

const read = defineRoute({
  method: 'GET',
  path: '/v1/payment_intents/{id}/code',
  operationId: 'getPaymentCode',
  tag: 'Payment intents',
  summary: 'One code that every wallet’s app can scan',
  description:
    'Who has the code can pay, so it asks for the scope that starts payments. `emv` is null where the address is too long for it.',
  scope: 'payment_intents:write',
  pathIds: { id: 'payment_intent' },
  answers: { 200: PaymentCodeShape },
  handle: async (deps, { path, principal }) => {
    const found = await deps.useCases.getPaymentIntent(principal.marketplace, path.id);
    if (!found.ok) return found;
    const code = await deps.useCases.codeOf(found.value);
    if (!code.ok) return code;
    const { url, emv } = code.value;
    const svg = qrSvgDocument(url);
    assert(svg !== null, 'an address of ours can be drawn');
    const body = { payment_intent: path.id, url, emv, svg };
    return ok({ status: 200, body: { object: 'payment_code', ...body } });
  },
});

export const PAYMENT_CODE_ROUTES: readonly AnyRoute[] = [read];
