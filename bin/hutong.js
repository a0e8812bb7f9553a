#!/usr/bin/env node
/**
 * The command. In a checkout with nothing installed: first the packages, then tsx, then
 * src/cli/main.ts in this same process, so that signals and process ids are what they seem. In what
 * `npm run build` made there is no TypeScript left, and its packages are the operator's to install.
 */
import { existsSync } from 'node:fs';
import { ensureInstalled } from './install.js';

const built = new URL('../src/cli/main.js', import.meta.url);
const { main } = existsSync(built) ? await import(built.href) : await loadFromSource();
await main(process.argv.slice(2));

async function loadFromSource() {
  await ensureInstalled({ withDevelopment: false });
  const { register } = await import('tsx/esm/api');
  register();
  return import('../src/cli/main.ts');
}
