/**
 * Which wallet's merchant code the buyer scanned: printed and displayed codes are the wallets'
 * URLs, or EMVCo texts. Recognition only: nothing is fetched, and a host must be the wallet's own,
 * not one that merely contains its name.
 */
import type { WalletName } from '../../kernel/wallet-names.ts';

export type ScannedCode =
  | { readonly kind: 'wallet_code'; readonly wallet: WalletName; readonly what: CodeKind }
  | { readonly kind: 'emv_merchant' }
  | { readonly kind: 'emv_consumer' }
  /** Any other URL, such as a marketplace's own universal QR code. */
  | { readonly kind: 'other_url'; readonly host: string }
  | { readonly kind: 'not_recognised' };

export type CodeKind =
  | 'alipay_code'
  | 'wechatpay_native'
  | 'wechatpay_h5'
  | 'unionpay_dynamic'
  | 'unionpay_static'
  | 'unionpay_other'
  | 'jdpay_order';

const LENGTH_MAX = 2048;

export function recogniseScannedCode(text: string): ScannedCode {
  const code = text.trim();
  if (code.length > LENGTH_MAX) return { kind: 'not_recognised' };
  if (code.startsWith('000201')) return { kind: 'emv_merchant' };
  if (code.startsWith('hQVDUFYwMW')) return { kind: 'emv_consumer' };
  if (code.startsWith('weixin://wxpay/bizpayurl'))
    return walletCode('wechatpay', 'wechatpay_native');
  const url = readUrl(code);
  if (url === undefined) return { kind: 'not_recognised' };
  return walletUrl(url) ?? { kind: 'other_url', host: url.hostname };
}

/**
 * Plain web URLs whose host is exactly as written: no user info before it, nothing to normalize.
 */
function readUrl(text: string): URL | undefined {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  const isPlain = text.toLowerCase().startsWith(`${url.protocol}//${url.host}`);
  return isPlain && !/[\s\\]/.test(text) ? url : undefined;
}

function walletUrl(url: URL): ScannedCode | undefined {
  if (url.protocol !== 'https:' || url.port !== '') return undefined;
  switch (url.hostname) {
    case 'qr.alipay.com':
      return url.pathname.length > 1 ? walletCode('alipay', 'alipay_code') : undefined;
    case 'wx.tenpay.com':
      return walletCode('wechatpay', 'wechatpay_h5');
    case 'qr.95516.com':
      return unionPayUrl(url.pathname);
    case 'h5pay.jd.com':
      return url.pathname === '/code' && /^[0-9a-z]{14}$/i.test(url.searchParams.get('c') ?? '')
        ? walletCode('jdpay', 'jdpay_order')
        : undefined;
    default:
      return undefined;
  }
}

/** `/<8 digits>/62<30 digits>` is one order, `/<8 digits>/01…` is a printed counter code. */
function unionPayUrl(pathname: string): ScannedCode | undefined {
  const rest = /^\/\d{8}\/(.+)$/.exec(pathname)?.[1];
  if (rest === undefined) return undefined;
  if (/^62\d{30}$/.test(rest)) return walletCode('unionpay', 'unionpay_dynamic');
  return walletCode('unionpay', rest.startsWith('01') ? 'unionpay_static' : 'unionpay_other');
}

function walletCode(wallet: WalletName, what: CodeKind): ScannedCode {
  return { kind: 'wallet_code', wallet, what };
}
