/**
 * The client: `new Hutong({ baseUrl, secretKey })`, then nouns and verbs as in the API.
 *
 * The secret key is kept in the transport's closure, never on the instance, so that logging a
 * client logs no secret. For servers only: a browser must never hold this key.
 */
import { nodePlatform, type Platform } from './platform.ts';
import { Resources } from './resources.generated.ts';
import { createTransport } from './transport.ts';

/** The API version of this release. */
export const API_VERSION = '2026-12-01';

export interface HutongOptions {
  /** Such as `https://pay.example.com`; no path. */
  readonly baseUrl: string;
  /** `sk_test_…` or `sk_live_…` of one marketplace, or a restricted key. */
  readonly secretKey: string;
  readonly version?: string;
  /** Tries after the first; default 3. */
  readonly maxRetries?: number;
  /** For one try; default 30 s. */
  readonly timeoutMs?: number;
  /** Another fetch: a proxy, a pool, a recorder. */
  readonly fetch?: (request: Request) => Promise<Response>;
  /** Clock, sleep and chance, for tests that step time. */
  readonly platform?: Partial<Platform>;
}

export class Hutong extends Resources {
  constructor(options: HutongOptions) {
    super(
      createTransport({
        baseUrl: checkedBaseUrl(options.baseUrl),
        secretKey: checkedSecretKey(options.secretKey),
        version: options.version ?? API_VERSION,
        maxRetries: wholeNumber(options.maxRetries ?? 3, 0, 'maxRetries'),
        timeoutMs: wholeNumber(options.timeoutMs ?? 30_000, 1, 'timeoutMs'),
        platform: {
          ...nodePlatform,
          ...options.platform,
          ...(options.fetch === undefined ? {} : { fetch: options.fetch }),
        },
      }),
    );
  }
}

function checkedBaseUrl(baseUrl: string): string {
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : undefined;
  if (url === undefined || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw new TypeError('baseUrl is an http or https URL');
  }
  if (url.search !== '' || url.hash !== '' || url.username !== '' || url.password !== '') {
    throw new TypeError('baseUrl has no query, fragment or user');
  }
  return url.href.replace(/\/+$/, '');
}

function checkedSecretKey(secretKey: string): string {
  // A line break here would otherwise fail later, inside fetch, with the key in the message.
  if (!/^[\x21-\x7e]+$/.test(secretKey)) {
    throw new TypeError('secretKey is a non-empty key such as sk_test_…');
  }
  return secretKey;
}

function wholeNumber(value: number, least: number, name: string): number {
  if (!Number.isSafeInteger(value) || value < least) {
    throw new TypeError(`${name} is a whole number of at least ${least}`);
  }
  return value;
}
