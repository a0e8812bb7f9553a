/**
 * The reference of error codes, out of the registry: docs/reference/errors.md (written by
 * `npm run openapi`, held to the registry by a test) and the page that every `doc_url` leads to.
 */
import { ERRORS } from '../core/errors.ts';

const INTRODUCTION = [
  'Every refusal answers `{"error": {"type", "code", "message", "param", "doc_url", "request_id",',
  '"retryable", "wallet_error"}}`. A code never changes its meaning. Where `retryable` is true, the',
  'same request with the same `Idempotency-Key` may be sent again, after `Retry-After` seconds.',
];

export function errorReferenceMarkdown(): string {
  const rows = Object.entries(ERRORS).map(
    ([code, { status, type, retryable, meaning }]) =>
      `| <a id="${code}"></a>\`${code}\` | ${status} | \`${type}\` | ${retryable ? 'yes' : 'no'} | ${meaning} |`,
  );
  return [
    '# Error codes',
    '',
    '<!-- Generated from src/core/errors.ts by `npm run openapi`; do not edit. -->',
    '',
    ...INTRODUCTION,
    '',
    '| code | status | type | retryable | meaning |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

export function errorReferenceHtml(): string {
  const rows = Object.entries(ERRORS).map(
    ([code, { status, type, retryable, meaning }]) =>
      `<tr id="${code}"><td><code>${code}</code></td><td>${status}</td><td>${type}</td>` +
      `<td>${retryable ? 'yes' : 'no'}</td><td>${escapeHtml(meaning)}</td></tr>`,
  );
  return (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Hutong error codes</title>' +
    '<meta name="viewport" content="width=device-width"></head><body><h1>Error codes</h1>' +
    '<table><thead><tr><th>code</th><th>status</th><th>type</th><th>retryable</th><th>meaning</th>' +
    `</tr></thead><tbody>${rows.join('')}</tbody></table></body></html>`
  );
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
