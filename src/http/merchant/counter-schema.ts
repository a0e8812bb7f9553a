/** Parameters and answers of the counter calls. */
import { type Static, Type } from 'typebox';
import { closed, idField, named, orNull, page, shape, time } from '../../core/shape.ts';
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

export const CounterShape = shape('counter', {
  id: idField('counter', ''),
  object: Type.Literal('counter'),
  merchant: idField('merchant', ''),
  name: Type.String(),
  url: Type.String({
    description: 'What the code on the stand holds; any wallet’s app opens it.',
  }),
  emv,
  ndef: Type.String({ description: '`url` as an NDEF message in hex, for an NFC tag.' }),
  status: Type.Enum(['enabled', 'disabled']),
  created_at: time,
});

export const CounterListShape = page(CounterShape);

export const PaymentCodeShape = shape('payment_code', {
  object: Type.Literal('payment_code'),
  payment_intent: idField('payment_intent', ''),
  url: Type.String({ description: 'What the code holds; any wallet’s app opens it.' }),
  emv,
  svg: Type.String({ description: 'The picture of `url`, black on white with its quiet zone.' }),
});

/** A route that sends bytes has an empty JSON body. */
export const FileShape = named(
  'file',
  Type.Unsafe<Readonly<Record<string, never>>>({
    type: 'string',
    format: 'binary',
    description: 'The bytes.',
  }),
);

export type ShownCounter = Static<typeof CounterShape>;
