/**
 * The SDK's nouns, one a file of sdk/src/resources: sdk/src/resources.generated.ts, written by
 * `npm run openapi` and held to the folder by test/sdk/schema.test.ts. A new noun is a file that
 * exports its function and its type, `deposits` and `Deposits`, and no list has to know of it.
 */
import { readdirSync } from 'node:fs';

const FOLDER = new URL('../sdk/src/resources/', import.meta.url);

const HEADER = `/**
 * The nouns of the client, one a file of resources/, and the types that they bring. Written by
 * \`npm run openapi\`; do not edit.
 */
`;

export function sdkResources(): string {
  const files = readdirSync(FOLDER)
    .filter((file) => file.endsWith('.ts'))
    .sort();
  const nouns = files.map((file) => {
    const noun = file
      .replace(/\.ts$/, '')
      .replaceAll(/-(\w)/g, (_, letter) => letter.toUpperCase());
    return {
      file: `./resources/${file}`,
      noun,
      type: noun.charAt(0).toUpperCase() + noun.slice(1),
    };
  });
  return [
    HEADER,
    ...nouns.map(({ file, noun, type }) => `import { type ${type}, ${noun} } from '${file}';\n`),
    "import type { Transport } from './transport.ts';\n\n",
    ...nouns.map(({ file }) => `export type * from '${file}';\n`),
    '\nexport class Resources {\n',
    ...nouns.map(({ noun, type }) => `  readonly ${noun}: ${type};\n`),
    '\n  constructor(transport: Transport) {\n',
    ...nouns.map(({ noun }) => `    this.${noun} = ${noun}(transport);\n`),
    '  }\n}\n',
  ].join('');
}
