/** `npm run docs:wallets`: writes docs/reference/wallets.md out of the wallets' capabilities. */
import { writeFileSync } from 'node:fs';
import { walletsReferenceMarkdown } from './wallets-reference.ts';

writeFileSync(new URL('../docs/reference/wallets.md', import.meta.url), walletsReferenceMarkdown());
console.log('wrote docs/reference/wallets.md');
