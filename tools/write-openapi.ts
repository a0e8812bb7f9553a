/** `npm run openapi`: what is written out of the routes and of the lists in src/kernel. */
import { readFileSync, writeFileSync } from 'node:fs';
import { errorReferenceMarkdown } from '../src/http/error-reference.ts';
import { openApiText } from '../src/http/openapi.ts';
import { sdkResources } from './sdk-resources.ts';
import { sdkSchema } from './sdk-schema.ts';
import { webhooksGuide, wordsReferenceMarkdown } from './words-reference.ts';

const at = (name: string) => new URL(`../${name}`, import.meta.url);
const GUIDE = 'docs/guides/webhooks.md';
const openApi = openApiText();
const written: Readonly<Record<string, string>> = {
  'openapi.json': openApi,
  'sdk/src/schema.generated.ts': await sdkSchema(openApi),
  'sdk/src/resources.generated.ts': sdkResources(),
  'docs/reference/errors.md': errorReferenceMarkdown(),
  'docs/reference/words.md': wordsReferenceMarkdown(),
  [GUIDE]: webhooksGuide(readFileSync(at(GUIDE), 'utf8')),
};
for (const [name, text] of Object.entries(written)) writeFileSync(at(name), text);
console.log(`wrote ${Object.keys(written).join(', ')}`);
