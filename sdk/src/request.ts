/**
 * One HTTP request of one call: its address, its headers and its body, and the raw answer. No
 * retries and no API errors here.
 */

/** What every request of a client has. */
export interface Sender {
  /** Without a slash at the end. */
  readonly baseUrl: string;
  readonly secretKey: string;
  readonly version: string;
  readonly fetch: (request: Request) => Promise<Response>;
}

export interface RequestParts {
  readonly path?: Readonly<Record<string, unknown>>;
  readonly query?: Readonly<Record<string, unknown>> | undefined;
  readonly body?: unknown;
}

export interface RequestSpec {
  /** `POST /v1/refunds` and the like. */
  readonly operation: string;
  readonly parts: RequestParts;
  readonly isFile: boolean;
  readonly idempotencyKey: string | undefined;
  readonly signal: AbortSignal;
}

export interface Exchange {
  readonly response: Response;
  /** JSON, or the text if it is not JSON; the bytes of a file. */
  readonly body: unknown;
}

export class InvalidIdError extends TypeError {
  override readonly name = 'InvalidIdError';
}

export async function exchange(sender: Sender, spec: RequestSpec): Promise<Exchange> {
  const [method = '', template = ''] = spec.operation.split(' ');
  const hasBody = method !== 'GET' && method !== 'DELETE';
  const request = new Request(addressOf(sender.baseUrl, template, spec.parts), {
    method,
    headers: {
      accept: spec.isFile ? '*/*' : 'application/json',
      authorization: `Bearer ${sender.secretKey}`,
      'hutong-version': sender.version,
      ...(hasBody ? { 'content-type': 'application/json' } : {}),
      ...(spec.idempotencyKey === undefined ? {} : { 'idempotency-key': spec.idempotencyKey }),
    },
    // The secret key goes to `baseUrl` and nowhere else.
    redirect: 'manual',
    signal: spec.signal,
    ...(hasBody ? { body: JSON.stringify(spec.parts.body ?? {}) } : {}),
  });
  const response = await sender.fetch(request);
  if (response.ok && spec.isFile) return { response, body: await response.arrayBuffer() };
  return { response, body: parsed(await response.text()) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function addressOf(baseUrl: string, template: string, { path = {}, query }: RequestParts): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined) search.append(name, String(one));
    }
  }
  const asked = search.size === 0 ? '' : `?${search}`;
  return `${baseUrl}${fillPath(template, path)}${asked}`;
}

/** An empty id would turn a retrieve into a list, and `..` into its parent: both are refused. */
function fillPath(template: string, values: Readonly<Record<string, unknown>>): string {
  return template.replaceAll(/\{([^{}]+)\}/g, (_match, name: string) => {
    const value = values[name];
    if (typeof value !== 'string' || !/^[A-Za-z0-9_-]+$/.test(value)) {
      throw new InvalidIdError(`${name} is an id such as pi_…, given: ${JSON.stringify(value)}`);
    }
    return value;
  });
}
