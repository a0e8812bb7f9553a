/** `npm run openapi`: writes openapi.json and docs/reference/errors.md out of the code. */
import { writeFileSync } from 'node:fs';
import { errorReferenceMarkdown } from '../src/http/error-reference.ts';
import { openApiText } from '../src/http/openapi.ts';

const root = new URL('../', import.meta.url);
writeFileSync(new URL('openapi.json', root), openApiText());
writeFileSync(new URL('docs/reference/errors.md', root), errorReferenceMarkdown());
console.log('wrote openapi.json and docs/reference/errors.md');
