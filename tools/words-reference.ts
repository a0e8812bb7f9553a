/**
 * The public words in the documents, out of the lists in src/kernel: docs/reference/words.md and
 * the table of events in docs/guides/webhooks.md, written by `npm run openapi` and held to the code
 * by test/http/documents.test.ts.
 */
import { EVENT_TYPES } from '../src/kernel/event-types.ts';
import { ID_KINDS } from '../src/kernel/id-prefixes.ts';
import { LEDGER_MOMENTS } from '../src/kernel/ledger-moments.ts';
import { SCOPES } from '../src/kernel/scopes.ts';

const BEGIN = '<!-- events: generated from src/kernel/event-types.ts by `npm run openapi` -->';
const END = '<!-- end of events -->';

export function wordsReferenceMarkdown(): string {
  return [
    '# Public words',
    '',
    '<!-- Generated from the lists in src/kernel by `npm run openapi`; do not edit. -->',
    '',
    'Words that keys, ids and answers are made of. A published word never changes its meaning.',
    'Event types are in [the guide of webhooks](../guides/webhooks.md), error codes in',
    '[a reference of their own](errors.md).',
    '',
    '## Scopes',
    '',
    'What a restricted key may do: `hutong key create MARKETPLACE --scopes refunds:read,refunds:write`.',
    'A key with `*` may do everything.',
    '',
    ...table(['scope', 'permits'], Object.entries(SCOPES)),
    '',
    '## Ledger moments',
    '',
    'Why a ledger transaction was booked: `moment` in `GET /v1/ledger/transactions`.',
    '',
    ...table(['moment', 'what happened'], Object.entries(LEDGER_MOMENTS)),
    '',
    '## Id prefixes',
    '',
    ...table(
      ['prefix', 'kind', 'of'],
      Object.entries(ID_KINDS).map(([kind, { prefix, meaning }]) => [`${prefix}_`, kind, meaning]),
    ),
    '',
  ].join('\n');
}

/** The guide with the table between its two marks generated again. */
export function webhooksGuide(guide: string): string {
  const begin = guide.indexOf(BEGIN);
  const end = guide.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`webhooks.md has lost its marks: ${BEGIN}, ${END}`);
  const rows = table(['event', 'when'], Object.entries(EVENT_TYPES));
  return [guide.slice(0, begin) + BEGIN, '', ...rows, '', guide.slice(end)].join('\n');
}

/** Every cell but the last is a word. */
function table(heads: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    line(heads),
    line(heads.map(() => '---')),
    ...rows.map((cells) =>
      line(cells.map((cell, at) => (at === cells.length - 1 ? cell : `\`${cell}\``))),
    ),
  ];
}
