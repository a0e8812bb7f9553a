/** The outside clients, unmodified: only addresses and keys are given to them. */
import { createRequire } from 'node:module';
import type { SdkCredentials } from '../second-verifier-wechatpay.ts';
import { exchange } from './stage.ts';

const load = createRequire(import.meta.url);

// biome-ignore lint/suspicious/noExplicitAny: foreign packages, foreign shapes
type Foreign = any;

const plugin: Foreign = load('wechatpay-axios-plugin');
const NodeV3: Foreign = load('wechatpay-node-v3');

export const { Rsa, Aes, Formatter } = plugin as {
  readonly Rsa: {
    readonly verify: (message: string, signature: string, key: string) => boolean;
    readonly encrypt: (text: string, key: string) => string;
    readonly decrypt: (text: string, key: string) => string;
  };
  readonly Aes: {
    readonly AesGcm: {
      readonly decrypt: (text: string, key: string, nonce: string, aad: string) => string;
    };
  };
  readonly Formatter: {
    readonly response: (timestamp: string, nonce: string, body: string) => string;
  };
};

/** wechatpay-axios-plugin; `certs` is its own map of both key kinds. */
export function axiosClient(
  url: string,
  sdk: SdkCredentials,
  mode: 'public_key' | 'certificate',
  certs: Record<string, string> = {
    [mode === 'public_key' ? sdk.public_key_id : sdk.platform_serial]:
      mode === 'public_key' ? sdk.public_key : sdk.platform_certificate,
  },
): Foreign {
  return new plugin.Wechatpay({
    baseURL: `${url}/`,
    mchid: sdk.mchid,
    serial: sdk.serial_no,
    privateKey: sdk.private_key,
    certs,
    ...(mode === 'public_key' ? { headers: { 'Wechatpay-Serial': sdk.public_key_id } } : {}),
  });
}

/** wechatpay-node-v3; its HTTP service is its own extension point. */
export function nodeV3Client(url: string, sdk: SdkCredentials): Foreign {
  const pay = new NodeV3({
    appid: sdk.appid,
    mchid: sdk.mchid,
    publicKey: Buffer.from(sdk.certificate),
    privateKey: Buffer.from(sdk.private_key),
    key: sdk.apiv3_key,
  });
  const go = async (
    method: string,
    address: string,
    headers: Record<string, string>,
    body = '',
  ) => {
    const target = address.replace('https://api.mch.weixin.qq.com', '');
    const reply = await exchange(url, { method, target, headers: { ...headers }, body });
    return { status: reply.status, data: reply.json, headers: reply.headers, text: reply.body };
  };
  pay.createHttp({
    get: (address: string, headers: Record<string, string>) => go('GET', address, headers),
    post: (address: string, params: unknown, headers: Record<string, string>) =>
      go('POST', address, headers, JSON.stringify(params)),
    upload: () => Promise.reject(new Error('not used')),
  });
  return pay;
}

/** What went wrong, as the SDK reports it. */
export function codeOf(error: Foreign): string {
  return error?.response?.data?.code ?? error?.code ?? error?.message ?? String(error);
}
