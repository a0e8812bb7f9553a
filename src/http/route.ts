/**
 * A route is data: its schema, its scope, the errors it may answer and one function. The server
 * registers it, openapi.json describes it and the hostile suite attacks it, all from this one
 * description, so the three cannot disagree.
 */

import type { Static, TSchema } from 'typebox';
import type { KeyClaim } from '../flows/base/key-claim.ts';
import type { Outcome } from '../flows/base/outcome.ts';
import type { Principal } from '../flows/key/authenticate.ts';
import type { ErrorCode } from '../kernel/errors.ts';
import type { Id, IdKind } from '../kernel/id.ts';
import type { Scope } from '../kernel/scopes.ts';
import type { ServerDeps } from './deps.ts';

/** Path parameters and the kind of id that each must be; anything else gives `not_found`. */
export type PathIds = Readonly<Record<string, IdKind>>;

export interface Call<P extends PathIds, Q, B> {
  readonly path: { readonly [K in keyof P]: Id<P[K]> };
  readonly query: Q;
  readonly body: B;
  readonly principal: Principal;
  /** The caller's address. */
  readonly callerIp: string;
  /** The id chosen for the object that this call creates, stored with the idempotency key. */
  readonly targetId: string;
  /** The claim of its Idempotency-Key, for the first command that it sends and the last. */
  readonly claim?: KeyClaim;
}

/** The shapes of a route's answers, by status. Answers are typed by them, not validated. */
export type Answers = Readonly<Record<number, TSchema>>;

export interface Answer<A extends Answers = Answers> {
  readonly status: number;
  /** What may be stored for a replay: typed by the shape that the route names. */
  readonly body: Static<A[keyof A] & TSchema> & object;
  /** What must not be stored: added to the answer only. */
  readonly secrets?: Record<string, unknown>;
  /** Instead of `body`, for a route with `produces`. */
  readonly file?: { readonly name: string; readonly bytes: Buffer };
}

type Answered<A extends Answers> = Outcome<Answer<A>>;

export interface Idempotency<P extends PathIds, Q, B> {
  /** Chosen before the first try and stored, so that a retry means the same row. */
  readonly target: (deps: ServerDeps, call: Omit<Call<P, Q, B>, 'targetId'>) => string;
  /**
   * The first thing that the call does is a command, and it hands the claim on to that: both are
   * decided in one batch. Left out: the key is claimed before the call is made.
   */
  readonly claimsAlong?: true;
  /** Derives the secrets of a stored answer again from the object's current state. */
  readonly refill?: (
    deps: ServerDeps,
    principal: Principal,
    body: Record<string, unknown>,
  ) => Outcome<Record<string, unknown>>;
}

export interface RouteSpec<
  P extends PathIds,
  Q extends TSchema,
  B extends TSchema,
  A extends Answers,
> {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** OpenAPI's form: `/v1/refunds/{id}`. */
  readonly path: string;
  readonly operationId: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  readonly scope: Scope;
  readonly pathIds?: P;
  readonly query?: Q;
  readonly body?: B;
  readonly idempotency?: Idempotency<P, Static<Q>, Static<B>>;
  readonly answers: A;
  /** The media type of a route that answers with a file; its errors are still JSON. */
  readonly produces?: string;
  /** Stricter than the general limit, per marketplace. */
  readonly limit?: { readonly max: number; readonly windowMs: number };
  /** In addition to those that every route may answer. */
  readonly errors?: readonly ErrorCode[];
  /** A buyer may call it with a client_secret instead of a key. */
  readonly asBuyer?: (
    deps: ServerDeps,
    call: { readonly path: { readonly [K in keyof P]: Id<P[K]> }; readonly query: Static<Q> },
    clientSecret: string,
  ) => Answered<A>;
  readonly handle: (deps: ServerDeps, call: Call<P, Static<Q>, Static<B>>) => Answered<A>;
}

/** A route of any types, as the server stores it; its own schemas ensure its types. */
export type AnyRoute = RouteSpec<PathIds, TSchema, TSchema, Answers>;

export function defineRoute<
  P extends PathIds = Readonly<Record<never, never>>,
  Q extends TSchema = TSchema,
  B extends TSchema = TSchema,
  const A extends Answers = Answers,
>(route: RouteSpec<P, Q, B, A>): AnyRoute {
  // Sound because the server validates path, query and body by this route's schemas first.
  return route as unknown as AnyRoute;
}
