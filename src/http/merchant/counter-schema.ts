/** Parameters and answers of the counter calls. */
import { type Static, Type } from 'typebox';
import { closed, idField, orNull, time } from '../../core/shape.ts';
import { paged, text } from '../fields.ts';

const Name = text(40, 'Which till or table: unique for its merchant.', 'Till 1');

export const CounterCreate = closed({ name: Name }, { examples: [{ name: 'Till 1' }] });

export const CounterUpdate = closed(
  {
    name: Type.Optional(Name),
    status: Type.Optional(
      Type.Enum(['enabled', 'disabled'], {
        description: 'A disabled code takes no payments; it can be enabled again.',
      }),
    ),
  },
  { examples: [{ status: 'disabled' }] },
);

export const CounterList = paged('counter', {});

const emv = orNull(Type.String({ description: 'EMVCo merchant-presented code, for QuickPass.' }));

export const CounterShape = closed({
  id: idField('counter', ''),
  object: Type.Literal('counter'),
  merchant: idField('merchant', ''),
  name: Type.String(),
  url: Type.String({ description: 'What the code on the stand holds; any wallet’s app opens it.' }),
  emv,
  ndef: Type.String({ description: '`url` as an NDEF message in hex, for an NFC tag.' }),
  status: Type.Enum(['enabled', 'disabled']),
  created_at: time,
});

export const PaymentCodeShape = closed({
  object: Type.Literal('payment_code'),
  payment_intent: idField('payment_intent', ''),
  url: Type.String({ description: 'What the code holds; any wallet’s app opens it.' }),
  emv,
  svg: Type.String({ description: 'The picture of `url`, black on white with its quiet zone.' }),
});

export type ShownCounter = Static<typeof CounterShape>;
