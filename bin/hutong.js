#!/usr/bin/env node
/**
 * The command. Works in a fresh checkout with nothing installed: first the packages, then tsx, then
 * src/cli/main.ts in this same process, so that signals and process ids are what they seem.
 */
import { ensureInstalled } from './install.js';

await ensureInstalled({ withDevelopment: false });
const { register } = await import('tsx/esm/api');
register();
const { main } = await import('../src/cli/main.ts');
await main(process.argv.slice(2));
