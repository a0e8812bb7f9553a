/**
 * Where the buyer stands, from the User-Agent. It decides only which products are offered; a wrong
 * guess costs a detour and never money, since the wallet itself asks the payer.
 */
import type { Device } from '../core/wallet.ts';

export type BrowserDevice = Exclude<Device, 'app'>;

export function deviceOf(userAgent: string | undefined): BrowserDevice {
  const text = userAgent ?? '';
  if (/MicroMessenger/i.test(text)) return 'wechat';
  if (/AlipayClient/i.test(text)) return 'alipay';
  if (/Mobi|Android|iPhone|iPad|iPod|HarmonyOS|Windows Phone/i.test(text)) return 'mobile';
  return 'desktop';
}
