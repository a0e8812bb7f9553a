/**
 * The reference of error codes, generated from the registry: docs/reference/errors.md (written by
 * `npm run openapi`, checked by a test) and the page that every `doc_url` leads to.
 */
import { ERRORS } from '../kernel/errors.ts';

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
    '<!-- Generated from src/kernel/errors.ts by `npm run openapi`; do not edit. -->',
    '',
    ...INTRODUCTION,
    '',
    '| code | status | type | retryable | meaning |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

const STYLE = `
:root{color-scheme:light}
body{max-width:1080px;margin:0 auto;padding:24px 20px 60px;color:#1f2933;background:#fff;
font:16px/1.55 -apple-system,"PingFang SC","Noto Sans CJK SC",system-ui,sans-serif}
h1{margin:16px 0 8px;font-size:30px}a{color:#0b5cad}
a:focus-visible{outline:3px solid #0b5cad;outline-offset:2px}
table{width:100%;margin-top:20px;border-collapse:collapse}
th,td{padding:9px 14px 9px 8px;border-bottom:1px solid #e1e5ea;text-align:left;vertical-align:top}
th{color:#52606d;font-size:14px}
td a{color:inherit;text-decoration:none}td a:hover{text-decoration:underline}
tr:target{background:#fff3d6}td:first-child code,td:nth-child(3) code{white-space:nowrap}
code{font:14px ui-monospace,Menlo,Consolas,monospace;overflow-wrap:anywhere}
@media(max-width:760px){thead{display:none}
tr{display:block;padding:12px 0;border-bottom:1px solid #e1e5ea}
td{display:inline-block;padding:2px 14px 2px 0;border:0}td:first-child,td:last-child{display:block}
td:first-child code{font-weight:700}td:nth-child(4)::before{content:"retryable: "}}`;

/** Every row has its code as anchor, so that a `doc_url` jumps to it and highlights it. */
export function errorReferenceHtml({ isAlone }: { readonly isAlone: boolean }): string {
  const rows = Object.entries(ERRORS).map(
    ([code, { status, type, retryable, meaning }]) =>
      `<tr id="${code}"><td><a href="#${code}"><code>${code}</code></a></td><td>${status}</td>` +
      `<td><code>${type}</code></td><td>${retryable ? 'yes' : 'no'}</td><td>${prose(meaning)}</td></tr>`,
  );
  const heads = ['code', 'status', 'type', 'retryable', 'meaning'];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Hutong error codes</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,"><style>${STYLE}</style></head><body>
${isAlone ? '' : '<p><a href="/docs">API reference</a></p>'}<h1>Error codes</h1>
<p>${prose(INTRODUCTION.join(' '))}</p>
<table><thead><tr>${heads.map((head) => `<th scope="col">${head}</th>`).join('')}</tr></thead>
<tbody>${rows.join('\n')}</tbody></table></body></html>
`;
}

/** Escaped; text between backticks becomes code. */
function prose(text: string): string {
  return escapeHtml(text).replaceAll(/`([^`]+)`/g, '<code>$1</code>');
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
