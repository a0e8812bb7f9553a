/**
 * A second reading of the WeChat Pay v3 rules that imports nothing of the product: it judges what
 * no SDK looks at. Written from the documentation alone, with node:crypto.
 */
import {
  createDecipheriv,
  createPublicKey,
  createSign,
  createVerify,
  X509Certificate,
} from 'node:crypto';

export interface SdkCredentials {
  readonly appid: string;
  readonly mchid: string;
  readonly sub_mchids: readonly string[];
  readonly openids: readonly string[];
  readonly serial_no: string;
  readonly private_key: string;
  readonly certificate: string;
  readonly apiv3_key: string;
  readonly public_key_id: string;
  readonly public_key: string;
  readonly platform_serial: string;
  readonly platform_certificate: string;
}

export type Headers = Readonly<Record<string, string>>;

/** Why a signed message is refused; undefined = every rule holds. */
export function refusalOf(
  message: { readonly headers: Headers; readonly body: Buffer },
  sdk: SdkCredentials,
): string | undefined {
  const { headers, body } = message;
  const serial = headers['wechatpay-serial'] ?? '';
  const signature = headers['wechatpay-signature'] ?? '';
  const pem = new Map([
    [sdk.public_key_id, sdk.public_key],
    [sdk.platform_serial, sdk.platform_certificate],
  ]).get(serial);
  if (pem === undefined) return `serial ${serial}`;
  if (headers['wechatpay-signature-type'] !== 'WECHATPAY2-SHA256-RSA2048') return 'type';
  const seconds = Number(headers['wechatpay-timestamp']);
  if (!(Math.abs(Date.now() / 1000 - seconds) < 300)) return 'timestamp';
  // The last character before == carries four spare bits: another spelling is another text.
  if (!/^[A-Za-z0-9+/]{341}[AQgw]==$/.test(signature)) return 'not 256 bytes of base64';
  const verifier = createVerify('RSA-SHA256');
  verifier.update(`${headers['wechatpay-timestamp']}\n${headers['wechatpay-nonce']}\n`);
  verifier.update(body);
  verifier.update('\n');
  return verifier.verify(createPublicKey(pem), signature, 'base64') ? undefined : 'signature';
}

export interface Envelope {
  readonly id: string;
  readonly create_time: string;
  readonly resource_type: string;
  readonly event_type: string;
  readonly summary: string;
  readonly resource: {
    readonly original_type: string;
    readonly algorithm: string;
    readonly ciphertext: string;
    readonly associated_data: string;
    readonly nonce: string;
  };
}

/** Opens a callback's resource; throws when it does not open. */
export function openEnvelope(body: Buffer, sdk: SdkCredentials): Record<string, unknown> {
  const { resource } = JSON.parse(body.toString('utf8')) as Envelope;
  const sealed = Buffer.from(resource.ciphertext, 'base64');
  const cipher = createDecipheriv('aes-256-gcm', sdk.apiv3_key, resource.nonce);
  cipher.setAAD(Buffer.from(resource.associated_data));
  cipher.setAuthTag(sealed.subarray(sealed.length - 16));
  const text = cipher.update(sealed.subarray(0, sealed.length - 16), undefined, 'utf8');
  return JSON.parse(text + cipher.final('utf8')) as Record<string, unknown>;
}

export interface SignedRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** A request as the documentation's steps make it; every part can be bent by the caller. */
export function signRequest(
  request: { readonly method: string; readonly target: string; readonly body?: unknown },
  sdk: SdkCredentials,
  bend: {
    readonly timestamp?: number;
    readonly serial?: string;
    readonly mchid?: string;
    readonly wechatpaySerial?: string;
    readonly signedTarget?: string;
  } = {},
): SignedRequest {
  const body = request.body === undefined ? '' : JSON.stringify(request.body);
  const timestamp = String(bend.timestamp ?? Math.floor(Date.now() / 1000));
  const nonce = 'C0NF0RMANCE593BEC0C930BF1AFEB40B';
  const target = bend.signedTarget ?? request.target;
  const text = [request.method, target, timestamp, nonce, body, ''].join('\n');
  const signature = createSign('RSA-SHA256').update(text).sign(sdk.private_key, 'base64');
  const parameters = [
    `mchid="${bend.mchid ?? sdk.mchid}"`,
    `nonce_str="${nonce}"`,
    `signature="${signature}"`,
    `timestamp="${timestamp}"`,
    `serial_no="${bend.serial ?? sdk.serial_no}"`,
  ];
  const headers: Record<string, string> = {
    accept: 'application/json',
    'user-agent': 'second-verifier',
    authorization: `WECHATPAY2-SHA256-RSA2048 ${parameters.join(',')}`,
  };
  if (body !== '') headers['content-type'] = 'application/json';
  if (bend.wechatpaySerial !== undefined) headers['wechatpay-serial'] = bend.wechatpaySerial;
  return { method: request.method, target: request.target, headers, body };
}

/** Does a platform certificate open, live now, and carry the serial that the list says? */
export function openCertificate(
  item: { readonly serial_no: string; readonly encrypt_certificate: Envelope['resource'] },
  sdk: SdkCredentials,
): X509Certificate {
  const { nonce, associated_data, ciphertext } = item.encrypt_certificate;
  const sealed = Buffer.from(ciphertext, 'base64');
  const cipher = createDecipheriv('aes-256-gcm', sdk.apiv3_key, nonce);
  cipher.setAAD(Buffer.from(associated_data));
  cipher.setAuthTag(sealed.subarray(-16));
  const pem = Buffer.concat([cipher.update(sealed.subarray(0, -16)), cipher.final()]);
  const certificate = new X509Certificate(pem);
  if (certificate.serialNumber !== item.serial_no) throw new Error('another serial');
  return certificate;
}
