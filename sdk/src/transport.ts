/**
 * One request sender for all resources: authentication, version, Idempotency-Key, deadline,
 * retries with the same key, and errors as classes.
 *
 * Redirects are never followed: the secret key goes to `baseUrl` and nowhere else.
 */
import createClient, { type Client } from 'openapi-fetch';
import { errorFromAnswer, HutongConnectionError, type HutongError } from './errors.ts';
import type { paths } from './paths.ts';
import type { Platform } from './platform.ts';
import { type CallKind, parseRetryAfterMs, retryDelayMs } from './retry.ts';

export interface CallOptions {
  /** For requests that move money; made for you when absent. */
  readonly idempotencyKey?: string;
  readonly maxRetries?: number;
  /** For one try; a retried call may take longer. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** How the answer came; not part of the object when it is printed or serialised. */
export interface ResponseMeta {
  readonly status: number;
  readonly requestId: string | null;
  readonly idempotencyKey: string | undefined;
  /** The server had answered this Idempotency-Key before. */
  readonly idempotentReplayed: boolean;
}

export type WithResponse<T> = T & { readonly lastResponse: ResponseMeta };

export interface TryInit {
  readonly headers: Record<string, string>;
  readonly signal: AbortSignal;
}

export interface Exchange {
  readonly data?: unknown;
  readonly error?: unknown;
  readonly response: Response;
}

export interface Transport {
  readonly client: Client<paths, 'application/json'>;
  readonly send: <T extends object>(
    kind: CallKind,
    attempt: (init: TryInit) => Promise<Exchange>,
    options?: CallOptions,
  ) => Promise<WithResponse<T>>;
}

export interface TransportSettings {
  readonly baseUrl: string;
  readonly secretKey: string;
  readonly version: string;
  readonly maxRetries: number;
  readonly timeoutMs: number;
  readonly platform: Platform;
}

export function createTransport(settings: TransportSettings): Transport {
  const client = createClient<paths, 'application/json'>({
    baseUrl: settings.baseUrl,
    fetch: settings.platform.fetch,
    redirect: 'manual',
    pathSerializer: fillPath,
    headers: {
      accept: 'application/json',
      authorization: `Bearer ${settings.secretKey}`,
      'hutong-version': settings.version,
    },
  });
  return {
    client,
    send: <T extends object>(
      kind: CallKind,
      attempt: (init: TryInit) => Promise<Exchange>,
      options: CallOptions = {},
    ) => send<T>(settings, kind, attempt, options),
  };
}

class InvalidIdError extends TypeError {
  override readonly name = 'InvalidIdError';
}

/** An empty id would turn a retrieve into a list, and `..` into its parent: both are refused. */
function fillPath(path: string, values: Record<string, unknown>): string {
  return path.replaceAll(/\{([^{}]+)\}/g, (_match, name: string) => {
    const value = values[name];
    if (typeof value !== 'string' || !/^[A-Za-z0-9_-]+$/.test(value)) {
      throw new InvalidIdError(`${name} is an id such as pi_…, given: ${JSON.stringify(value)}`);
    }
    return value;
  });
}

async function send<T extends object>(
  settings: TransportSettings,
  kind: CallKind,
  attempt: (init: TryInit) => Promise<Exchange>,
  options: CallOptions,
): Promise<WithResponse<T>> {
  const { platform } = settings;
  const key = kind === 'money' ? idempotencyKey(options, platform) : undefined;
  for (let failures = 1; ; failures += 1) {
    const outcome = await tryOnce<T>(settings, attempt, options, key);
    if (outcome.ok) return outcome.value;
    const delayMs = retryDelayMs({
      kind,
      error: outcome.error,
      failures,
      retriesMax: options.maxRetries ?? settings.maxRetries,
      jitter: platform.jitter,
    });
    if (delayMs === undefined) throw outcome.error;
    await platform.sleep(delayMs, options.signal);
    if (options.signal?.aborted === true) throw outcome.error;
  }
}

type Outcome<T> =
  | { readonly ok: true; readonly value: WithResponse<T> }
  | { readonly ok: false; readonly error: HutongError };

async function tryOnce<T extends object>(
  settings: TransportSettings,
  attempt: (init: TryInit) => Promise<Exchange>,
  options: CallOptions,
  key: string | undefined,
): Promise<Outcome<T>> {
  const deadline = AbortSignal.timeout(options.timeoutMs ?? settings.timeoutMs);
  const signal =
    options.signal === undefined ? deadline : AbortSignal.any([deadline, options.signal]);
  let exchange: Exchange;
  try {
    const headers: Record<string, string> = key === undefined ? {} : { 'idempotency-key': key };
    exchange = await attempt({ headers, signal });
  } catch (cause) {
    if (cause instanceof InvalidIdError) throw cause;
    return { ok: false, error: connectionError(cause, options.signal, deadline, key) };
  }
  const { response, data } = exchange;
  if (!response.ok) {
    const error = errorFromAnswer({
      status: response.status,
      body: exchange.error,
      requestId: requestIdOf(response),
      retryAfterMs: parseRetryAfterMs(
        response.headers.get('retry-after'),
        settings.platform.nowMs(),
      ),
      idempotencyKey: key,
    });
    return { ok: false, error };
  }
  if (typeof data !== 'object' || data === null) {
    return { ok: false, error: unreadable(undefined, key) };
  }
  return { ok: true, value: withResponse<T>(data, response, key) };
}

/** Here, and only here, the server's word is taken for its type. */
function withResponse<T extends object>(
  data: object,
  response: Response,
  key: string | undefined,
): WithResponse<T> {
  const lastResponse: ResponseMeta = Object.freeze({
    status: response.status,
    requestId: requestIdOf(response),
    idempotencyKey: key,
    idempotentReplayed: response.headers.get('idempotent-replayed') === 'true',
  });
  // Not enumerable: JSON.stringify, spreads and comparisons see the API's object alone.
  return Object.defineProperty(data, 'lastResponse', { value: lastResponse }) as WithResponse<T>;
}

function requestIdOf(response: Response): string | null {
  return response.headers.get('request-id') ?? response.headers.get('x-request-id');
}

function connectionError(
  cause: unknown,
  callerSignal: AbortSignal | undefined,
  deadline: AbortSignal,
  key: string | undefined,
): HutongError {
  if (callerSignal?.aborted === true) {
    return new HutongConnectionError({
      type: 'connection_error',
      code: 'aborted',
      message: 'the call was aborted by its own signal; whether it took effect is unknown',
      idempotencyKey: key,
      cause,
    });
  }
  if (deadline.aborted) {
    return new HutongConnectionError({
      type: 'connection_error',
      code: 'timeout',
      message: 'no answer within the time limit; whether the request took effect is unknown',
      idempotencyKey: key,
      cause,
    });
  }
  if (cause instanceof SyntaxError) return unreadable(cause, key);
  return new HutongConnectionError({
    type: 'connection_error',
    code: 'network',
    message: `the server could not be reached or broke off: ${reason(cause)}`,
    idempotencyKey: key,
    cause,
  });
}

function unreadable(cause: unknown, key: string | undefined): HutongError {
  return new HutongConnectionError({
    type: 'connection_error',
    code: 'unreadable_answer',
    message: 'the answer is not a JSON object: is baseUrl the Hutong server?',
    idempotencyKey: key,
    cause,
  });
}

function reason(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return cause.cause instanceof Error ? cause.cause.message : cause.message;
}

function idempotencyKey(options: CallOptions, platform: Platform): string {
  const key = options.idempotencyKey ?? platform.newIdempotencyKey();
  if (!/^[\x21-\x7e]{1,255}$/.test(key)) {
    throw new TypeError('an idempotencyKey is 1 to 255 printable ASCII characters, no spaces');
  }
  return key;
}
