/**
 * The log: pino, JSON lines. What identifies or empties a pocket never reaches it: payment codes,
 * card data, openids, tokens, keys. Redaction is the second line of defence; the first is that
 * bodies are never logged and that a URL is logged only after `safeUrl`.
 */
import { type DestinationStream, type Logger, type LoggerOptions, pino } from 'pino';

export type Log = Logger;

/** Field names whose values never appear, in any spelling that our wires use. */
const SECRET_FIELDS: readonly string[] = [
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
];

const DEPTH = ['', '*.', '*.*.', '*.*.*.'];

function pathOf(prefix: string, field: string): string {
  if (!field.includes('-')) return `${prefix}${field}`;
  return prefix === '' ? `["${field}"]` : `${prefix.slice(0, -1)}["${field}"]`;
}

export function createLog(
  options: { readonly level?: string; readonly destination?: DestinationStream } = {},
): Log {
  const settings: LoggerOptions = {
    level: options.level ?? 'info',
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: {
      paths: DEPTH.flatMap((prefix) => SECRET_FIELDS.map((field) => pathOf(prefix, field))),
      censor: '[redacted]',
    },
  };
  return options.destination === undefined ? pino(settings) : pino(settings, options.destination);
}

/**
 * A request target that may be logged: the query gone altogether (`?code=`, `?state=`) and the
 * pay_token cut out of `/pay/{token}`.
 */
export function safeUrl(target: string): string {
  const question = target.indexOf('?');
  const path = question < 0 ? target : target.slice(0, question);
  if (!path.startsWith('/pay/')) return path;
  const end = path.indexOf('/', 5);
  return `/pay/[redacted]${end < 0 ? '' : path.slice(end)}`;
}
