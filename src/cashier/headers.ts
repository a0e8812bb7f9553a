/**
 * Headers of every cashier answer: no caching, no referrer (the address holds a token), no script
 * but our own, no framing.
 */
import type { NextAction } from '../kernel/wallet-names.ts';
import type { BrowserDevice } from './device.ts';

const PERMISSIONS = 'camera=(), geolocation=(), microphone=(), payment=(), usb=()';

/** Older bridges of the wallets' browsers talk to their app through frames with these schemes. */
const BRIDGE_FRAMES: Readonly<Record<BrowserDevice, string>> = {
  wechat: 'weixin: wvjbscheme:',
  alipay: 'alipay: alipays: wvjbscheme:',
  unionpay: "'none'",
  jdpay: "'none'",
  mobile: "'none'",
  desktop: "'none'",
};

export function securityHeaders(publicUrl: string): Readonly<Record<string, string>> {
  const isSecure = publicUrl.startsWith('https:');
  return {
    'cache-control': 'no-store',
    'referrer-policy': 'strict-origin',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'x-robots-tag': 'noindex, nofollow',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy': PERMISSIONS,
    ...(isSecure ? { 'strict-transport-security': 'max-age=31536000' } : {}),
  };
}

/**
 * `action`: the wallet's form on this page may post to the wallet's host; other forms to no other
 * host.
 */
export function contentSecurityPolicy(device: BrowserDevice, action: NextAction | null): string {
  const target = action?.type === 'form' ? ` ${new URL(action.action).origin}` : '';
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    `frame-src ${BRIDGE_FRAMES[device]}`,
    `form-action 'self'${target}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}
