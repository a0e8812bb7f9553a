/**
 * The API's calls as types: `'GET /v1/refunds/{id}'` names one, and the generated schema defines
 * its parameters and answer. A call that does not exist in the API, or with parts that do not
 * match, is a compile error in the resource that makes it.
 */
import type { paths } from './schema.generated.ts';

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';
type Call = { readonly responses: object };

/** Every call of the API, as method and path. */
export type Operation = {
  [P in keyof paths & string]: {
    [M in Method]: paths[P][M] extends Call ? `${Uppercase<M>} ${P}` : never;
  }[Method];
}[keyof paths & string];

type Spec<O extends Operation> = O extends `${infer M} ${infer P extends keyof paths & string}`
  ? paths[P][Lowercase<M> & keyof paths[P]]
  : never;

type Success<O extends Operation> = Spec<O> extends { responses: infer R } ? R[keyof R] : never;

/** The JSON of its success. */
export type AnswerOf<O extends Operation> =
  Success<O> extends { content: { 'application/json': infer A extends object } } ? A : never;

/** The object that its pages hold. */
export type ItemOf<O extends Operation> =
  AnswerOf<O> extends { data: (infer T extends { id: string })[] } ? T : never;

type PathPart<S> = S extends { parameters: { path: infer P extends object } }
  ? { readonly path: P }
  : unknown;
type QueryPart<S> = S extends { parameters: { query?: infer Q } }
  ? { readonly query?: Q }
  : unknown;
/** If nothing in it is required, the schema has it as optional; the SDK always sends it. */
type Sent<S> = S extends { requestBody?: infer R } ? NonNullable<R> : never;
type BodyPart<S> = [Sent<S>] extends [{ content: { 'application/json': infer B } }]
  ? [Sent<S>] extends [never]
    ? unknown
    : { readonly body: B }
  : unknown;

/** What it takes: ids in its path, a query, a body. */
export type PartsOf<O extends Operation> = PathPart<Spec<O>> &
  QueryPart<Spec<O>> &
  BodyPart<Spec<O>>;
export type QueryOf<O extends Operation> =
  Spec<O> extends { parameters: { query?: infer Q } } ? NonNullable<Q> : never;
export type BodyOf<O extends Operation> = PartsOf<O> extends { readonly body: infer B } ? B : never;

type Keyed = { parameters: { header: { 'Idempotency-Key': string } } };

/** Those that answer a file instead of JSON. */
export type FileOperation = {
  [O in Operation]: AnswerOf<O> extends never ? O : never;
}[Operation];
export type ReadOperation = Exclude<Operation & `GET ${string}`, FileOperation>;
/** Those that move or promise money: they take an Idempotency-Key. */
export type MoneyOperation = {
  [O in Operation]: Spec<O> extends Keyed ? O : never;
}[Operation];
export type WriteOperation = Exclude<Operation, ReadOperation | FileOperation | MoneyOperation>;
/** Those that answer page by page. */
export type PagedOperation = {
  [O in ReadOperation]: QueryOf<O> extends { starting_after?: string } ? O : never;
}[ReadOperation];
