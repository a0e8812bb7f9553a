/**
 * The page that a buyer's browser gets for an H5 order. WeChat Pay has no web cashier of its own:
 * the page opens the app.
 */
import type { CityKit, WireResponse } from '../../kit/kit.ts';
import { phoneButton, walletPage } from '../../kit/wallet-page.ts';

/** Where the live page opens the app, the city's phone takes this very address as the code. */
export function h5Page(kit: CityKit, target: string): WireResponse {
  return walletPage({
    title: '微信支付（沙箱）',
    colour: '#07843f',
    main: `<p>真的页面会在这里打开微信。沙箱城打开它的手机。</p>
<p lang="en">The real page opens WeChat here; the sandbox opens its phone.</p>
${phoneButton(kit, 'wechatpay', kit.publicUrl + target)}`,
  });
}
