/**
 * Detects the buyer's device from the User-Agent. It decides only which products are offered; a
 * wrong guess costs a detour and never money, since the wallet itself asks the payer.
 */
import type { Device } from '../kernel/wallet-names.ts';

export type BrowserDevice = Exclude<Device, 'app'>;

export function deviceOf(userAgent: string | undefined): BrowserDevice {
  const text = userAgent ?? '';
  if (/MicroMessenger/i.test(text)) return 'wechat';
  if (/AlipayClient/i.test(text)) return 'alipay';
  // Cloud QuickPass and the bank apps of its network send UnionPay/<version> <app>.
  if (/\bUnionPay\/|\bCloudPay\b/i.test(text)) return 'unionpay';
  if (/\bjdapp\b|\bJDJR\b/i.test(text)) return 'jdpay';
  if (/Mobi|Android|iPhone|iPad|iPod|HarmonyOS|Windows Phone/i.test(text)) return 'mobile';
  return 'desktop';
}
