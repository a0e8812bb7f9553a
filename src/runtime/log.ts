/**
 * The log: pino, JSON lines. What identifies a payer or works as money is never logged: payment
 * codes, card data, openids, tokens, keys. Redaction is the second line of defense; the first is
 * that bodies are never logged, and of a request's target only its route template.
 */
import { type DestinationStream, type Logger, type LoggerOptions, pino } from 'pino';

export type Log = Logger;

/** Field names whose values never appear, in any spelling that our wires use. */
const SECRET_FIELDS: ReadonlySet<string> = new Set([
  'auth_code',
  'authCode',
  'field55',
  'card_no',
  'cardNo',
  'pan',
  'accNo',
  'openid',
  'sub_openid',
  'openId',
  'buyer_id',
  'buyerId',
  'buyer_open_id',
  'buyerOpenId',
  'payer',
  'authorization',
  'Authorization',
  'cookie',
  'client_secret',
  'clientSecret',
  'hutong-client-secret',
  'pay_token',
  'payToken',
  'cashier_url',
  'secret',
  'secrets',
  'secret_key',
  'secretKey',
  'private_key',
  'privateKey',
  'apiv3_key',
  'apiV3Key',
  'password',
  'credentials',
  'access_token',
  'token',
  'tokenSeed',
  'master_key',
  'masterKey',
]);

const CENSOR = '[redacted]';
const CENSORED_BINDINGS: Readonly<Record<string, () => string>> = Object.fromEntries(
  [...SECRET_FIELDS].map((name) => [name, () => CENSOR]),
);
/** Deeper levels are not logged at all. */
const DEPTH_MAX = 6;

export function createLog(
  options: { readonly level?: string; readonly destination?: DestinationStream } = {},
): Log {
  const settings: LoggerOptions = {
    level: options.level ?? 'info',
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    // One walk by field name. pino's own redaction takes paths, and a path for every name at every
    // depth costs a hundred times as much per line and still ends at some depth.
    formatters: { log: censored },
    // Serializers also see a child logger's bindings, which formatters do not.
    serializers: { ...CENSORED_BINDINGS, err: plainError },
  };
  return options.destination === undefined ? pino(settings) : pino(settings, options.destination);
}

function censored(line: Record<string, unknown>): Record<string, unknown> {
  const shown: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(line)) {
    shown[name] = SECRET_FIELDS.has(name) ? CENSOR : censoredValue(value, 1);
  }
  return shown;
}

function censoredValue(value: unknown, depth: number): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Error) return plainError(value);
  if (ArrayBuffer.isView(value)) return '[bytes]';
  if (depth > DEPTH_MAX) return '[deeper]';
  if (Array.isArray(value)) return value.map((one) => censoredValue(one, depth + 1));
  const shown: Record<string, unknown> = {};
  for (const [name, inner] of Object.entries(value)) {
    shown[name] = SECRET_FIELDS.has(name) ? CENSOR : censoredValue(inner, depth + 1);
  }
  return shown;
}

/** Other fields of an error may hold a whole request, headers included. */
function plainError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const code = 'code' in error ? { code: String(error.code) } : {};
  return { type: error.name, message: error.message, ...code, stack: error.stack };
}
