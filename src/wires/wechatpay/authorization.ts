/**
 * The `Authorization` header of a request:
 * `WECHATPAY2-SHA256-RSA2048 mchid="…",nonce_str="…",signature="…",timestamp="…",serial_no="…"`.
 * Parameters may stand in any order; each stands once.
 */
export const SCHEME = 'WECHATPAY2-SHA256-RSA2048';

export interface Authorization {
  readonly mchid: string;
  readonly nonce: string;
  readonly signature: string;
  readonly timestamp: string;
  readonly serialNo: string;
}

export function formatAuthorization(parts: Authorization): string {
  const { mchid, nonce, signature, timestamp, serialNo } = parts;
  return (
    `${SCHEME} mchid="${mchid}",nonce_str="${nonce}",signature="${signature}",` +
    `timestamp="${timestamp}",serial_no="${serialNo}"`
  );
}

/** `scheme`: no or a foreign scheme. `parameters`: ours, but not well formed. */
export type AuthorizationFlaw = 'scheme' | 'parameters';

const PARAMETER = /^(mchid|nonce_str|signature|timestamp|serial_no)="([^"]+)"$/;

export function parseAuthorization(header: string | undefined): Authorization | AuthorizationFlaw {
  if (header === undefined || !header.startsWith(`${SCHEME} `)) return 'scheme';
  const values = new Map<string, string>();
  for (const part of header.slice(SCHEME.length + 1).split(',')) {
    const match = PARAMETER.exec(part);
    const [, name, value] = match ?? [];
    if (name === undefined || value === undefined || values.has(name)) return 'parameters';
    values.set(name, value);
  }
  const mchid = values.get('mchid');
  const nonce = values.get('nonce_str');
  const signature = values.get('signature');
  const timestamp = values.get('timestamp');
  const serialNo = values.get('serial_no');
  if (mchid === undefined || nonce === undefined || signature === undefined) return 'parameters';
  if (timestamp === undefined || serialNo === undefined) return 'parameters';
  if (!/^\d{1,12}$/.test(timestamp)) return 'parameters';
  return { mchid, nonce, signature, timestamp, serialNo };
}
