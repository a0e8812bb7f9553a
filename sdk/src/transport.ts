/**
 * One request sender for all resources: authentication, version, Idempotency-Key, deadline,
 * retries with the same key, and errors as classes.
 */
import { errorFromAnswer, HutongConnectionError, type HutongError } from './errors.ts';
import type {
  AnswerOf,
  FileOperation,
  ItemOf,
  MoneyOperation,
  PagedOperation,
  PartsOf,
  QueryOf,
  ReadOperation,
  WriteOperation,
} from './operation.ts';
import { type PageList, pageList } from './pages.ts';
import type { Platform } from './platform.ts';
import { type Exchange, exchange, InvalidIdError, type RequestParts } from './request.ts';
import { type CallKind, parseRetryAfterMs, retryDelayMs } from './retry.ts';

export interface CallOptions {
  /** For requests that move money; made for you when absent. */
  readonly idempotencyKey?: string | undefined;
  readonly maxRetries?: number | undefined;
  /** For one try; a retried call may take longer. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How the answer came; not part of the object when it is printed or serialized. */
export interface ResponseMeta {
  readonly status: number;
  readonly requestId: string | null;
  readonly idempotencyKey: string | undefined;
  /** The server had answered this Idempotency-Key before. */
  readonly idempotentReplayed: boolean;
}

export type WithResponse<T> = T & { readonly lastResponse: ResponseMeta };

/** The kinds of calls, by what may be repeated; each accepts only its own calls. */
export interface Transport {
  readonly read: <O extends ReadOperation>(
    operation: O,
    parts: PartsOf<O>,
    options?: CallOptions,
  ) => Promise<WithResponse<AnswerOf<O>>>;
  readonly write: <O extends WriteOperation>(
    operation: O,
    parts: PartsOf<O>,
    options?: CallOptions,
  ) => Promise<WithResponse<AnswerOf<O>>>;
  readonly money: <O extends MoneyOperation>(
    operation: O,
    parts: PartsOf<O>,
    options?: CallOptions,
  ) => Promise<WithResponse<AnswerOf<O>>>;
  readonly pages: <O extends PagedOperation>(
    operation: O,
    parts: PartsOf<O>,
    options?: CallOptions,
  ) => PageList<ItemOf<O>>;
  readonly file: <O extends FileOperation>(
    operation: O,
    parts: PartsOf<O>,
    options?: CallOptions,
  ) => Promise<WithResponse<ArrayBuffer>>;
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
  const json =
    (kind: CallKind) =>
    <T extends object>(operation: string, parts: RequestParts, options: CallOptions = {}) =>
      send<T>(settings, { kind, operation, parts, isFile: false }, options);
  const read = json('read');
  return {
    read,
    write: json('write'),
    money: json('money'),
    pages: <O extends PagedOperation>(operation: O, parts: PartsOf<O>, options?: CallOptions) => {
      const { query = {}, ...rest } = parts as RequestParts;
      return pageList(query as QueryOf<O>, (asked) =>
        read<{ object: 'list'; data: ItemOf<O>[]; has_more: boolean }>(
          operation,
          { ...rest, query: asked },
          options,
        ),
      );
    },
    file: (operation, parts, options = {}) =>
      send(settings, { kind: 'read', operation, parts, isFile: true }, options),
  };
}

interface Call {
  readonly kind: CallKind;
  readonly operation: string;
  readonly parts: RequestParts;
  readonly isFile: boolean;
}

async function send<T extends object>(
  settings: TransportSettings,
  call: Call,
  options: CallOptions,
): Promise<WithResponse<T>> {
  const { platform } = settings;
  const key = call.kind === 'money' ? idempotencyKey(options, platform) : undefined;
  for (let failures = 1; ; failures += 1) {
    const outcome = await tryOnce<T>(settings, call, options, key);
    if (outcome.ok) return outcome.value;
    const delayMs = retryDelayMs({
      kind: call.kind,
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
  { operation, parts, isFile }: Call,
  options: CallOptions,
  key: string | undefined,
): Promise<Outcome<T>> {
  const { platform } = settings;
  const deadline = AbortSignal.timeout(options.timeoutMs ?? settings.timeoutMs);
  const signal =
    options.signal === undefined ? deadline : AbortSignal.any([deadline, options.signal]);
  let answer: Exchange;
  try {
    const sender = { ...settings, fetch: platform.fetch };
    answer = await exchange(sender, { operation, parts, isFile, signal, idempotencyKey: key });
  } catch (cause) {
    if (cause instanceof InvalidIdError) throw cause;
    return { ok: false, error: connectionError(cause, options.signal, deadline, key) };
  }
  const { response, body } = answer;
  if (!response.ok) {
    const error = errorFromAnswer({
      status: response.status,
      body,
      requestId: requestIdOf(response),
      retryAfterMs: parseRetryAfterMs(response.headers.get('retry-after'), platform.nowMs()),
      idempotencyKey: key,
    });
    return { ok: false, error };
  }
  if (typeof body !== 'object' || body === null) return { ok: false, error: unreadable(key) };
  return { ok: true, value: withResponse<T>(body, response, key) };
}

/** Only here the server's answer is trusted to have its declared type. */
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
  return new HutongConnectionError({
    type: 'connection_error',
    code: 'network',
    message: `the server could not be reached or broke off: ${reason(cause)}`,
    idempotencyKey: key,
    cause,
  });
}

function unreadable(key: string | undefined): HutongError {
  return new HutongConnectionError({
    type: 'connection_error',
    code: 'unreadable_answer',
    message: 'the answer is not a JSON object: is baseUrl the Hutong server?',
    idempotencyKey: key,
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
