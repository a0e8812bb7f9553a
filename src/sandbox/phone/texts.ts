/** Every word of the phone page, in both languages. */
export type Language = 'zh' | 'en';

const ZH = {
  title: '沙箱手机',
  subtitle: '买家的钱包 App，不动真钱',
  chooseWallet: '选择钱包',
  wechatpay: '微信支付',
  alipay: '支付宝',
  unionpay: '云闪付',
  jdpay: '京东支付',
  codeLabel: '付款码内容或链接',
  codeHint: '粘贴二维码内容、支付链接、收银台网址，或 next_action 的 JSON',
  scan: '扫一扫',
  scanning: '正在识别…',
  payTo: '付款给',
  amount: '付款金额',
  coupons: '使用优惠',
  couponPlatform: '平台优惠（分）',
  couponMerchant: '商家优惠（分）',
  toPay: '实付',
  confirm: '立即付款',
  insufficient: '余额不足',
  cancel: '取消付款',
  rescan: '扫另一个码',
  pinTitle: '请输入支付密码',
  pinHint: '沙箱：任意六位数字',
  pinLabel: '六位支付密码',
  pinLeft: '已输入 {n} 位，共 6 位',
  deleteDigit: '删除',
  close: '关闭',
  paying: '正在付款…',
  paid: '支付成功',
  insufficientResult: '余额不足，未付款',
  cancelled: '已取消，未付款',
  otherResult: '钱包的答复',
  back: '返回商家',
  again: '再试一次',
  statePaid: '这个码已经付过款了',
  stateClosed: '订单已关闭，不能付款',
  stateExpired: '二维码已过期',
  offline: '沙箱没有答复，请稍后再试',
  error_code_not_recognized: '沙箱城里没有钱包认得这个码',
  error_code_of_another_wallet: '这是另一个钱包的码，请换钱包',
  error_cashier_not_payable: '收银台现在没有可付的款',
  error_coupon_too_large: '优惠超过了付款金额',
  error_scan_not_found: '请重新扫码',
  otherLanguage: 'English',
} as const;

type Texts = Readonly<Record<keyof typeof ZH, string>>;

const EN: Texts = {
  title: 'Sandbox phone',
  subtitle: "The buyer's wallet app; no real money",
  chooseWallet: 'Choose a wallet',
  wechatpay: 'WeChat Pay',
  alipay: 'Alipay',
  unionpay: 'QuickPass',
  jdpay: 'JD Pay',
  codeLabel: 'Code or link to pay',
  codeHint: "Paste a QR code's text, a payment link, a cashier URL, or a next_action as JSON",
  scan: 'Scan',
  scanning: 'Reading…',
  payTo: 'Pay to',
  amount: 'Amount',
  coupons: 'Use coupons',
  couponPlatform: 'From the platform (fen)',
  couponMerchant: 'From the merchant (fen)',
  toPay: 'You pay',
  confirm: 'Pay now',
  insufficient: 'Lack the funds',
  cancel: 'Cancel payment',
  rescan: 'Scan another code',
  pinTitle: 'Enter your payment PIN',
  pinHint: 'Sandbox: any six digits',
  pinLabel: 'Six-digit payment PIN',
  pinLeft: '{n} of 6 digits entered',
  deleteDigit: 'Delete',
  close: 'Close',
  paying: 'Paying…',
  paid: 'Paid',
  insufficientResult: 'Not paid: insufficient funds',
  cancelled: 'Cancelled, not paid',
  otherResult: "The wallet's answer",
  back: 'Back to the merchant',
  again: 'Try again',
  statePaid: 'This code has already been paid',
  stateClosed: 'The order is closed and cannot be paid',
  stateExpired: 'The code has expired',
  offline: 'The sandbox does not answer; try again',
  error_code_not_recognized: 'No wallet of the sandbox city knows this code',
  error_code_of_another_wallet: 'This is a code of another wallet; switch the wallet',
  error_cashier_not_payable: 'The cashier has nothing to pay at present',
  error_coupon_too_large: 'The coupons exceed the amount',
  error_scan_not_found: 'Scan the code again',
  otherLanguage: '中文',
};

export const PHONE_TEXTS: Readonly<Record<Language, Texts>> = { zh: ZH, en: EN };

/** `?lang=` wins, then the browser's order of languages; Chinese when it names neither. */
export function chooseLanguage(asked: string | null, acceptLanguage: string): Language {
  if (asked === 'zh' || asked === 'en') return asked;
  for (const part of acceptLanguage.toLowerCase().split(',')) {
    if (/^\s*zh\b/.test(part)) return 'zh';
    if (/^\s*en\b/.test(part)) return 'en';
  }
  return 'zh';
}
