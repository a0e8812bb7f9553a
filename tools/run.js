/**
 * Runs a TypeScript tool: `node tools/run.js tools/newcomer.ts --flag`. Installs what is missing,
 * development tools included, then runs the file in this process with the rest of the arguments.
 */
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureInstalled, ROOT } from '../bin/install.js';

const [script, ...args] = process.argv.slice(2);
if (script === undefined) {
  process.stderr.write('usage: node tools/run.js <file.ts> [arguments]\n');
  process.exit(2);
}
await ensureInstalled({ withDevelopment: true });
const { register } = await import('tsx/esm/api');
register();
const file = path.resolve(ROOT, script);
process.argv = [process.execPath, file, ...args];
await import(pathToFileURL(file).href);
