/** What the API shows of a refusal, the same for every call. */
import { type Static, Type } from 'typebox';
import { WalletErrorShape } from '../core/payment/shape.ts';
import { closed, component, orNull, shape } from '../core/shape.ts';
import { ERRORS, type ErrorCode } from '../kernel/errors.ts';

export const ErrorShape = shape('error', {
  error: closed({
    type: Type.Enum([...new Set(Object.values(ERRORS).map(({ type }) => type))]),
    code: Type.Enum(Object.keys(ERRORS) as ErrorCode[]),
    message: Type.String(),
    param: orNull(Type.String({ description: 'The field at fault, `sub_orders[0].amount`.' })),
    doc_url: Type.String(),
    request_id: Type.String(),
    retryable: Type.Boolean({ description: 'The same request may be sent again.' }),
    existing: Type.Optional(
      Type.String({ description: 'The id of what is there already, where that is the reason.' }),
    ),
    wallet_error: orNull(component(WalletErrorShape)),
  }),
});

export type ShownError = Static<typeof ErrorShape>;
