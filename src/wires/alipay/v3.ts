/**
 * Protocol v3: JSON under /v3/alipay/, the signature in headers. Builders and readers of the
 * authorization header and the two texts that are signed; the raw request target is what counts.
 */
const V3_SCHEME = 'ALIPAY-SHA256withRSA';

export interface V3Authorization {
  /** Everything before `,sign=`: the first line of the signed text. */
  readonly authText: string;
  readonly fields: ReadonlyMap<string, string>;
  readonly sign: string;
}

export function v3AuthText(fields: Iterable<readonly [string, string]>): string {
  return [...fields].map(([name, value]) => `${name}=${value}`).join(',');
}

export function writeV3Authorization(authText: string, sign: string): string {
  return `${V3_SCHEME} ${authText},sign=${sign}`;
}

/** base64 holds `=`: the header is cut at the first `,sign=`, each field at its first `=`. */
export function readV3Authorization(header: string): V3Authorization | undefined {
  if (!header.startsWith(`${V3_SCHEME} `)) return undefined;
  const text = header.slice(V3_SCHEME.length + 1);
  const at = text.indexOf(',sign=');
  if (at === -1) return undefined;
  const authText = text.slice(0, at);
  const fields = new Map<string, string>();
  for (const pair of authText.split(',')) {
    const equals = pair.indexOf('=');
    if (equals < 1) return undefined;
    const name = pair.slice(0, equals);
    if (fields.has(name)) return undefined;
    fields.set(name, pair.slice(equals + 1));
  }
  return { authText, fields, sign: text.slice(at + ',sign='.length) };
}

export function v3RequestText(request: {
  readonly authText: string;
  readonly method: string;
  /** Raw request target, query included. */
  readonly target: string;
  readonly body: string;
  readonly appAuthToken: string | null;
}): string {
  const lines = [request.authText, request.method, request.target, request.body];
  if (request.appAuthToken !== null) lines.push(request.appAuthToken);
  return `${lines.join('\n')}\n`;
}

export function v3ResponseText(response: {
  readonly timestamp: string;
  readonly nonce: string;
  readonly body: string;
}): string {
  return `${response.timestamp}\n${response.nonce}\n${response.body}\n`;
}

/** `isv.invalid-signature` -> `invalid-signature`; business codes stay as they are. */
export function v3ErrorCode(code: string): string {
  return code.replace(/^(isv|isp|aop)\./, '');
}
