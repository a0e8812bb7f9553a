/**
 * The page that a buyer's browser gets for an H5 order. WeChat Pay has no web cashier of its own:
 * the page opens the app.
 */
import type { WireResponse } from '../../kit/kit.ts';

/**
 * Where the live page opens the app, the city's leads to its phone, which takes this very address
 * as the code. `target` is fully encoded: none of it is markup.
 */
export function h5Page(publicUrl: string, target: string): WireResponse {
  const phone = `${publicUrl}/phone?wallet=wechatpay&amp;code=${encodeURIComponent(publicUrl + target)}`;
  return {
    status: 200,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
    },
    body: `<!doctype html>
<html lang="zh-CN">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>微信支付（沙箱）</title>
<style>body{font:16px/1.6 sans-serif;margin:3rem auto;max-width:24rem;padding:0 1rem}
a{display:block;padding:12px;border-radius:6px;background:#07843f;color:#fff;text-align:center;
text-decoration:none}</style>
<h1>微信支付</h1>
<p>真的页面会在这里打开微信。沙箱城打开它的手机。</p>
<p lang="en">The real page opens WeChat here; the sandbox opens its phone.</p>
<p><a id="pay" href="${phone}">用沙箱手机支付 Pay with the sandbox phone</a></p>
</html>
`,
  };
}
