/** /v1/merchants/{id}/counters: printed codes on which the buyer types the amount. */
import { qrDrawing } from '../../cashier/qr.ts';
import type { Drawing } from '../../cashier/stand/drawing.ts';
import { type StandContent, standDrawing, tapCardDrawing } from '../../cashier/stand/layout.ts';
import { drawingPdf } from '../../cashier/stand/pdf.ts';
import { drawingSvg } from '../../cashier/stand/svg.ts';
import type { Principal } from '../../flows/key/authenticate.ts';
import type { CounterView } from '../../flows/merchant/counters.ts';
import { assert } from '../../kernel/assert.ts';
import type { Id } from '../../kernel/id.ts';
import { ok } from '../../kernel/result.ts';
import { answerOf, pageAnswerOf } from '../answers.ts';
import { type AnyRoute, defineRoute } from '../route.ts';
import {
  CounterCreate,
  CounterList,
  CounterListShape,
  CounterShape,
  CounterUpdate,
  FileShape,
} from './counter-schema.ts';
import { presentCounter } from './present-counter.ts';

const TAG = 'Counters';

function ownerOf(call: {
  readonly path: { readonly id: Id<'merchant'> };
  readonly principal: Principal;
}) {
  return { marketplace: call.principal.marketplace, merchant: call.path.id };
}

const create = defineRoute({
  method: 'POST',
  path: '/v1/merchants/{id}/counters',
  operationId: 'createCounter',
  tag: TAG,
  summary: 'Add a counter',
  description: 'The same `name` again answers 200 and the counter that exists.',
  scope: 'merchants:write',
  pathIds: { id: 'merchant' },
  body: CounterCreate,
  answers: { 200: CounterShape, 201: CounterShape },
  errors: ['key_mode_mismatch'],
  handle: async ({ useCases }, call) => {
    const wanted = { name: call.body.name, isLivemode: call.principal.isLivemode };
    const made = await useCases.counters.create(ownerOf(call), wanted);
    if (!made.ok) return made;
    const { view, created } = made.value;
    return ok({ status: created ? 201 : 200, body: presentCounter(view) });
  },
});

const list = defineRoute({
  method: 'GET',
  path: '/v1/merchants/{id}/counters',
  operationId: 'listCounters',
  tag: TAG,
  summary: 'List a merchant’s counters, newest first',
  scope: 'merchants:read',
  pathIds: { id: 'merchant' },
  query: CounterList,
  answers: { 200: CounterListShape },
  handle: async ({ useCases }, call) =>
    pageAnswerOf(call.query, presentCounter, (page) => useCases.counters.list(ownerOf(call), page)),
});

const read = defineRoute({
  method: 'GET',
  path: '/v1/merchants/{id}/counters/{counter}',
  operationId: 'getCounter',
  tag: TAG,
  summary: 'Read a counter',
  scope: 'merchants:read',
  pathIds: { id: 'merchant', counter: 'counter' },
  answers: { 200: CounterShape },
  handle: async ({ useCases }, call) =>
    answerOf(await useCases.counters.get(ownerOf(call), call.path.counter), presentCounter),
});

const update = defineRoute({
  method: 'POST',
  path: '/v1/merchants/{id}/counters/{counter}',
  operationId: 'updateCounter',
  tag: TAG,
  summary: 'Rename a counter, take it out of use or back',
  description: 'What is not named stays as it was: `{}` changes nothing and answers the counter.',
  scope: 'merchants:write',
  pathIds: { id: 'merchant', counter: 'counter' },
  body: CounterUpdate,
  answers: { 200: CounterShape },
  errors: ['counter_name_taken'],
  handle: async ({ useCases }, call) => {
    const { path, body } = call;
    const changed = await useCases.counters.change(ownerOf(call), path.counter, body);
    return answerOf(changed, presentCounter);
  },
});

/** A printable sheet of a counter, as one file. */
function sheet(spec: {
  readonly file: 'stand.svg' | 'stand.pdf' | 'tap_card.svg' | 'tap_card.pdf';
  readonly operationId: string;
  readonly summary: string;
  readonly draw: (content: StandContent) => Drawing;
}): AnyRoute {
  const isPdf = spec.file.endsWith('.pdf');
  return defineRoute({
    method: 'GET',
    path: `/v1/merchants/{id}/counters/{counter}/${spec.file}`,
    operationId: spec.operationId,
    tag: TAG,
    summary: spec.summary,
    scope: 'merchants:read',
    pathIds: { id: 'merchant', counter: 'counter' },
    answers: { 200: FileShape },
    produces: isPdf ? 'application/pdf' : 'image/svg+xml',
    handle: async ({ useCases }, call) => {
      const { counter } = call.path;
      const found = await useCases.counters.get(ownerOf(call), counter);
      if (!found.ok) return found;
      const drawing = spec.draw(standContent(found.value));
      const bytes = isPdf
        ? await drawingPdf(drawing, found.value.counter.createdAtMs)
        : drawingSvg(drawing);
      const file = { name: `${counter}-${spec.file}`, bytes: Buffer.from(bytes) };
      return ok({ status: 200, body: {}, file });
    },
  });
}

function standContent({ counter, merchant, code }: CounterView): StandContent {
  // Error correction for a quarter of the code: paper gets worn.
  const qr = qrDrawing(code.url, 'Q');
  assert(qr !== null, 'an address of ours can be drawn');
  return { id: counter.id, merchantName: merchant.name, counterName: counter.name, qr };
}

const SHEETS: readonly AnyRoute[] = [
  sheet({
    file: 'stand.svg',
    operationId: 'getCounterStandSvg',
    summary: 'The stand to print (A5), as SVG',
    draw: standDrawing,
  }),
  sheet({
    file: 'stand.pdf',
    operationId: 'getCounterStandPdf',
    summary: 'The stand to print (A5), as PDF',
    draw: standDrawing,
  }),
  sheet({
    file: 'tap_card.svg',
    operationId: 'getCounterTapCardSvg',
    summary: 'The card of an NFC tag to print (ID-1), as SVG',
    draw: tapCardDrawing,
  }),
  sheet({
    file: 'tap_card.pdf',
    operationId: 'getCounterTapCardPdf',
    summary: 'The card of an NFC tag to print (ID-1), as PDF',
    draw: tapCardDrawing,
  }),
];

export const COUNTER_ROUTES: readonly AnyRoute[] = [create, list, read, update, ...SHEETS];
