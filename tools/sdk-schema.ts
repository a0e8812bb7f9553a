/**
 * The SDK's types out of openapi.json: sdk/src/schema.generated.ts, written by `npm run openapi`
 * and held to the document by test/sdk/schema.test.ts.
 *
 * Refusals have one shape, which the SDK turns into its own errors, so each call keeps its
 * successes only: the types are a third as long.
 */
import openapiTS, { astToString, type OpenAPI3 } from 'openapi-typescript';

const HEADER = '/** The API’s types, out of openapi.json by `npm run openapi`; do not edit. */\n';

interface Call {
  readonly responses: Readonly<Record<string, { readonly headers?: unknown }>>;
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Call>>>>;
}

export async function sdkSchema(openApiText: string): Promise<string> {
  const document = JSON.parse(openApiText) as Document;
  const paths = mapValues(document.paths, (calls) => mapValues(calls, successesOf));
  const nodes = await openapiTS({ ...document, paths } as unknown as OpenAPI3);
  return HEADER + withoutNoise(astToString(nodes));
}

function successesOf(call: Call): Call {
  const kept = Object.entries(call.responses).filter(([status]) => status.startsWith('2'));
  const responses = kept.map(([status, { headers: _, ...response }]) => [status, response]);
  return { ...call, responses: Object.fromEntries(responses) };
}

/** Tags of enums, whose union says it already, and lists that the document does not have. */
function withoutNoise(text: string): string {
  return text
    .replaceAll(/^ +\/\*\* @enum \{unknown\} \*\/\n/gm, '')
    .replaceAll(/^ +\* @enum \{unknown\}\n/gm, '')
    .replaceAll(/^export type [\w$]+ = Record<string, never>;\n/gm, '');
}

function mapValues<T, U>(from: Readonly<Record<string, T>>, change: (value: T) => U) {
  return Object.fromEntries(Object.entries(from).map(([name, value]) => [name, change(value)]));
}
