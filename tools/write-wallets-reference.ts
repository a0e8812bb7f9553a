/** `npm run docs:wallets`: what wallets can do, and what they are configured with, of the code. */
import { writeFileSync } from 'node:fs';
import { credentialsReferenceMarkdown } from './credentials-reference.ts';
import { walletsReferenceMarkdown } from './wallets-reference.ts';

const DOCUMENTS = {
  wallets: walletsReferenceMarkdown(),
  credentials: credentialsReferenceMarkdown(),
};
for (const [name, text] of Object.entries(DOCUMENTS)) {
  writeFileSync(new URL(`../docs/reference/${name}.md`, import.meta.url), text);
  console.log(`wrote docs/reference/${name}.md`);
}
