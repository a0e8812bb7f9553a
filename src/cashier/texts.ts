/**
 * Every text of the cashier, in Chinese and English. One dictionary is the type of the other, and
 * `texts.test.ts` keeps them in step. Plain words: what happened, and what the reader can do.
 */
import type { Product, WalletName } from '../kernel/wallet-names.ts';

export const LOCALES = ['zh', 'en'] as const;
export type Locale = (typeof LOCALES)[number];

type Widened<T> = T extends string
  ? string
  : T extends (...values: infer A) => string
    ? (...values: A) => string
    : { readonly [K in keyof T]: Widened<T[K]> };

/** The name of a wallet's app in "open … and scan". */
const APPS_ZH: Readonly<Record<WalletName, string>> = {
  wechatpay: '微信',
  alipay: '支付宝',
  unionpay: '云闪付',
  jdpay: '京东',
};

const APPS_EN: Readonly<Record<WalletName, string>> = {
  wechatpay: 'WeChat',
  alipay: 'Alipay',
  unionpay: 'Cloud QuickPass',
  jdpay: 'JD',
};

/** What the buyer does at a product: the same in every language. */
type Deed = 'scan' | 'website' | 'payHere' | 'open' | 'show' | 'tap';

const DEEDS: Readonly<Record<Product, Deed>> = {
  ...{ native: 'scan', precreate: 'scan', qr: 'scan', jsapi: 'payHere' },
  ...{ page: 'website', web: 'website', pc: 'website', h5: 'open', wap: 'open', app: 'open' },
  ...{ codepay: 'show', bar: 'show', nfc: 'tap' },
};

type Hints = Readonly<Record<Deed, (app: string) => string>>;

const HINTS_ZH: Hints = {
  scan: (app) => `用手机${app}扫一扫`,
  website: (app) => `前往${app}网页付款`,
  payHere: () => '就在这里付款',
  open: (app) => `打开${app}付款`,
  show: (app) => `出示${app}付款码`,
  tap: (app) => `用${app}碰一碰`,
};

const HINTS_EN: Hints = {
  scan: (app) => `Scan a code with ${app} on your phone`,
  website: (app) => `Pay on the ${app} website`,
  payHere: () => 'Pay right here',
  open: (app) => `Opens ${app}`,
  show: (app) => `Show your ${app} payment code`,
  tap: (app) => `Tap with ${app}`,
};

const zh = {
  htmlLang: 'zh-CN',
  cashier: '收银台',
  skip: '跳到付款内容',
  otherLanguage: 'English',
  otherLanguageLabel: '切换到英文',
  wallets: {
    wechatpay: '微信支付',
    alipay: '支付宝',
    unionpay: '云闪付',
    jdpay: '京东支付',
  },
  apps: APPS_ZH,
  hint: (product: Product, wallet: WalletName) => HINTS_ZH[DEEDS[product]](APPS_ZH[wallet]),
  listJoin: '、',

  orderTitle: '订单信息',
  amountDue: '应付金额',
  payee: '收款方',
  goods: '商品',
  orderNo: '订单号',
  paidWith: '付款方式',
  paidAt: '付款时间',
  payBefore: (time: string) => `请在 ${time} 前付款`,
  zoned: (time: string): string => time,
  timeLeft: '剩余时间',
  safety: '密码只在钱包里输入。本页不会向您索要密码或验证码。',
  poweredBy: 'Hutong 互通 收银台',

  chooseTitle: '选择付款方式',
  chooseNone: '这里暂时没有可用的付款方式',
  chooseNoneHelp: '请换一个浏览器或设备打开本页，或回到商家重新下单。',
  otherWay: (hint: string) => `或者：${hint}`,
  withheld: {
    cart_not_combinable: (wallet: string) => `${wallet}不能一次付清这几家商户的订单。`,
    device_unsupported: (wallet: string) => `${wallet}不能在当前浏览器里使用。`,
    wallet_unhealthy: (wallet: string) => `${wallet}暂时不可用，请稍后再试。`,
  },

  scansCodeOf: (app: string, wallet: string) => `用手机${app}扫${wallet}的码（互联互通）`,
  sharedCode: (app: string, wallet: string) =>
    `这是${wallet}的收款码，${app}可以直接扫它付款，钱从您的${app}付出。`,
  scanTitle: (app: string) => `请用${app}扫码付款`,
  scanSteps: (app: string) =>
    `在手机上打开${app}\n点“扫一扫”，对准二维码\n核对收款方和金额，确认付款`,
  qrLabel: (wallet: string, amount: string) => `${wallet}付款二维码，金额 ${amount}`,
  qrFailed: '二维码无法显示，请重新选择付款方式。',
  goTitle: (wallet: string) => `前往${wallet}付款`,
  goHelp: (app: string) => `如果没有自动打开${app}，请点下面的按钮。`,
  goButton: (wallet: string, amount: string) => `用${wallet}付款 ${amount}`,
  bridgeTitle: (wallet: string) => `用${wallet}付款`,
  bridgeHelp: '付款窗口会自动弹出；如果没有，请点下面的按钮。',
  bridgeNoScript: '这种付款方式需要开启浏览器的 JavaScript。',
  bridgeFailed: '付款窗口没有打开，请再点一次，或换一种付款方式。',
  elsewhereTitle: (wallet: string) => `${wallet}付款已在别处打开`,
  elsewhereHelp: '可以在那里继续付款，也可以在这里重新选择。',
  waiting: '等待付款，完成后本页会自动更新。',
  confirming: (wallet: string) => `正在向${wallet}确认结果…`,
  refresh: '我已付款，刷新结果',
  switchTitle: '换一种付款方式',
  switchHelp: (wallet: string) =>
    `选择后，当前的${wallet}付款会先关闭。如果您已经付了款，请不要再付。`,

  processingTitle: '正在确认付款结果',
  processingHelp: (wallet: string) => `我们正在向${wallet}查询，请不要重复付款。`,
  processingTwice: '万一付了两次，多付的一笔会自动全额退回。',
  closingTitle: '订单正在关闭',
  closingExpired: '付款时间已到，我们正在和钱包确认没有付款。',
  closingCanceled: '订单已请求取消，我们正在和钱包确认没有付款。',
  closingPaid: '如果您刚才付了款，钱会自动退回，您不用做任何事。',

  succeededTitle: '付款成功',
  succeededFriend: '谢谢！这笔订单已经付清。',
  returnButton: '返回商家',
  returnSoon: '3 秒后自动返回',
  refundPartTitle: '已部分退款',
  refundFullTitle: '已全额退款',
  refundDone: (amount: string) => `已退 ${amount}，退回原付款账户。`,
  refundPending: (amount: string) => `还有 ${amount} 正在退回，无需操作。`,
  expiredTitle: '付款时间已过',
  expiredHelp: '这笔订单已经关闭，不会再收款。需要的话，请回到商家重新下单。',
  canceledTitle: '订单已取消',
  canceledHelp: '这笔订单已经取消，不会再收款。',
  conflictedTitle: '付款正在核对',
  conflictedHelp: '钱包报告的信息和订单不一致，我们正在人工核对。请不要再次付款，您的钱是安全的。',

  failedTitle: (wallet: string) => `${wallet}没有完成付款`,
  failedSays: (message: string) => `钱包的说明：${message}`,
  failedHelp: '没有扣款。可以再试一次，或换一种付款方式。',
  unusableTitle: (wallet: string) => `${wallet}现在不能使用`,
  unusableHelp: '没有扣款。请换一种付款方式。',
  returned: {
    duplicate: (wallet: string, amount: string) =>
      `这笔订单付了两次。${wallet}的 ${amount} 是多付的一笔。`,
    late: (wallet: string, amount: string) => `${wallet}的 ${amount} 是在订单关闭之后付的。`,
    partial_payment: (wallet: string, amount: string) =>
      `${wallet}只付了订单的一部分（${amount}），所以没有成交。`,
    conflicted: (wallet: string, amount: string) =>
      `${wallet}的 ${amount} 和订单不一致，所以没有成交。`,
    reversed: (wallet: string, amount: string) => `${wallet}的 ${amount} 已经撤销。`,
  },
  returnedState: {
    on_the_way: '正在自动全额退回原账户，您不用做任何事。',
    done: '已经全额退回原账户，您不用做任何事。',
    checking: '退款遇到问题，我们正在处理，您不用做任何事。',
  },

  friendTitle: '找人代付',
  friendHelp: '把下面这段话发给朋友，朋友打开链接就能替您付款。朋友看不到您的个人信息。',
  friendLabel: '发给朋友的话',
  friendShare: (payee: string, amount: string, url: string) =>
    `能帮我付一下这笔订单吗？\n${payee} ${amount}\n${url}`,
  friendCopy: '复制',
  friendCopied: '已复制，去发给朋友吧',
  friendCopyFailed: '已选中，请长按复制',
  friendBanner: '朋友请您代付这笔订单',
  friendBannerHelp: '付款前请确认这是您认识的人发来的链接。',

  notices: {
    wallet_not_offered: '这种付款方式现在不可用，请换一种。',
    payer_unknown: '钱包没有告诉我们由谁付款，请再试一次。',
    not_payable: '这笔订单现在不能付款，以下是最新状态。',
    declined: '钱包没有接受这次付款，请再试一次或换一种付款方式。',
    busy: '系统繁忙，没有扣款，请再试一次。',
    invalid: '请求不完整，请重新选择付款方式。',
  },

  counterTitle: (merchant: string) => `付款给 ${merchant}`,
  counterAmount: '金额（元）',
  counterGo: '去付款',
  counterKeys: '数字键盘',
  counterErase: '删除一位',
  counterCap: '固定收款码：钱包对每人每天有限额，一般为 500 元。',
  counterProblems: {
    amount_missing: '请输入金额。',
    amount_unreadable: '这不是一个金额。请只输入数字，例如 12.50。',
    amount_too_precise: '金额最小到分，请最多输入两位小数。',
    amount_too_small: '金额至少为 0.01 元。',
    amount_too_large: '金额最多为 50,000.00 元。',
    order_changed: '页面已更新，请核对金额后再点一次。',
  },
  counterClosedTitle: '这个收款码已停用',
  counterClosedHelp: (merchant: string) => `没有收款。请向${merchant}的店员要新的收款码。`,

  handOutOver: {
    paid: { title: '这笔订单已经付清', help: '不用再付款。' },
    expired: {
      title: '付款时间已过',
      help: '这笔订单已经关闭，不会再收款。需要的话，请回到商家重新下单。',
    },
    canceled: { title: '订单已取消', help: '这笔订单已经取消，不会再收款。' },
    conflicted: {
      title: '付款正在核对',
      help: '钱包报告的信息和订单不一致，我们正在人工核对。请不要再次付款。',
    },
    left: {
      title: '这个付款入口已关闭',
      help: '订单后来换了一种付款方式。请回到付款页面继续，那里有最新状态。',
    },
  },
  handedOverTitle: '付款结果以商家页面为准',
  handedOverHelp: '钱包已处理这次操作。请回到下单的页面查看结果，不必再付一次。',
  notFoundTitle: '找不到这个付款页面',
  notFoundHelp: '链接可能不完整或已失效。请回到商家重新打开。',
  busyTitle: '系统繁忙',
  busyHelp: '请稍候刷新本页。如果您已经付款，结果不会丢失。',
  limitedTitle: '操作太频繁',
  limitedHelp: (seconds: number) => `请等 ${seconds} 秒再试。`,
  refusedTitle: '请求被拒绝',
  refusedHelp: '这个请求不是从本页发出的。请回到付款页面重新选择。',
  backToPayment: '回到付款页面',
};

export type Texts = Widened<typeof zh>;

const en: Texts = {
  htmlLang: 'en',
  cashier: 'Checkout',
  skip: 'Skip to payment',
  otherLanguage: '中文',
  otherLanguageLabel: 'Switch to Chinese',
  wallets: {
    wechatpay: 'WeChat Pay',
    alipay: 'Alipay',
    unionpay: 'Cloud QuickPass',
    jdpay: 'JD Pay',
  },
  apps: APPS_EN,
  hint: (product, wallet) => HINTS_EN[DEEDS[product]](APPS_EN[wallet]),
  listJoin: ', ',

  orderTitle: 'Your order',
  amountDue: 'Amount due',
  payee: 'Payee',
  goods: 'For',
  orderNo: 'Order no.',
  paidWith: 'Paid with',
  paidAt: 'Paid at',
  payBefore: (time) => `Pay before ${time} (UTC+8)`,
  zoned: (time) => `${time} (UTC+8)`,
  timeLeft: 'Time left',
  safety: 'You enter your PIN only in your wallet. This page never asks for it, nor for a code.',
  poweredBy: 'Checkout by Hutong 互通',

  chooseTitle: 'Choose how to pay',
  chooseNone: 'No way to pay is available here',
  chooseNoneHelp: 'Open this page in another browser or device, or order again at the shop.',
  otherWay: (hint) => `Or: ${hint}`,
  withheld: {
    cart_not_combinable: (wallet) => `${wallet} cannot pay these merchants in one go.`,
    device_unsupported: (wallet) => `${wallet} does not work in this browser.`,
    wallet_unhealthy: (wallet) => `${wallet} is unavailable for the moment.`,
  },

  scansCodeOf: (app, wallet) => `Scan a ${wallet} code with ${app} on your phone`,
  sharedCode: (app, wallet) =>
    `The code belongs to ${wallet}. ${app} can scan it, and the money leaves your ${app} account.`,
  scanTitle: (app) => `Scan with ${app} to pay`,
  scanSteps: (app) =>
    `Open ${app} on your phone\nTap Scan and point it at the code\nCheck payee and amount, then confirm`,
  qrLabel: (wallet, amount) => `${wallet} payment code for ${amount}`,
  qrFailed: 'The code cannot be shown. Please choose again.',
  goTitle: (wallet) => `Continue to ${wallet}`,
  goHelp: (app) => `If ${app} does not open by itself, use the button.`,
  goButton: (wallet, amount) => `Pay ${amount} with ${wallet}`,
  bridgeTitle: (wallet) => `Pay with ${wallet}`,
  bridgeHelp: 'The payment window opens by itself. If it does not, use the button.',
  bridgeNoScript: 'This way to pay needs JavaScript to be turned on.',
  bridgeFailed: 'The payment window did not open. Try once more, or choose another wallet.',
  elsewhereTitle: (wallet) => `A ${wallet} payment is open elsewhere`,
  elsewhereHelp: 'Finish it there, or choose again here.',
  waiting: 'Waiting for your payment. This page updates by itself.',
  confirming: (wallet) => `Asking ${wallet} for the result…`,
  refresh: 'I have paid: check again',
  switchTitle: 'Pay another way',
  switchHelp: (wallet) =>
    `Your choice closes the open ${wallet} payment first. If you have already paid, do not pay again.`,

  processingTitle: 'Confirming your payment',
  processingHelp: (wallet) => `We are asking ${wallet}. Please do not pay again.`,
  processingTwice: 'Should you ever pay twice, the second payment is refunded in full by itself.',
  closingTitle: 'This order is being closed',
  closingExpired: 'Time is up. We are making sure with the wallet that nothing was paid.',
  closingCanceled: 'It was canceled. We are making sure with the wallet that nothing was paid.',
  closingPaid: 'If you have just paid, the money comes back by itself. You need not do anything.',

  succeededTitle: 'Payment complete',
  succeededFriend: 'Thank you! This order is paid.',
  returnButton: 'Return to the shop',
  returnSoon: 'Returning in 3 seconds',
  refundPartTitle: 'Partly refunded',
  refundFullTitle: 'Fully refunded',
  refundDone: (amount) => `${amount} was refunded to the account that paid.`,
  refundPending: (amount) => `${amount} is on its way back. You need not do anything.`,
  expiredTitle: 'Time to pay has run out',
  expiredHelp:
    'This order is closed and can no longer be paid. Order again at the shop if you like.',
  canceledTitle: 'This order was canceled',
  canceledHelp: 'It is canceled and can no longer be paid.',
  conflictedTitle: 'We are checking this payment',
  conflictedHelp:
    'What the wallet reports differs from the order, so a person is checking it. Do not pay again; your money is safe.',

  failedTitle: (wallet) => `${wallet} did not complete the payment`,
  failedSays: (message) => `The wallet says: ${message}`,
  failedHelp: 'You were not charged. Try again, or choose another way to pay.',
  unusableTitle: (wallet) => `${wallet} cannot be used right now`,
  unusableHelp: 'You were not charged. Please choose another way to pay.',
  returned: {
    duplicate: (wallet, amount) =>
      `This order was paid twice. ${amount} with ${wallet} is the extra payment.`,
    late: (wallet, amount) => `${amount} with ${wallet} was paid after the order was closed.`,
    partial_payment: (wallet, amount) =>
      `${wallet} paid only a part of the order (${amount}), so it was not accepted.`,
    conflicted: (wallet, amount) =>
      `${amount} with ${wallet} differs from the order, so it was not accepted.`,
    reversed: (wallet, amount) => `${amount} with ${wallet} was reversed.`,
  },
  returnedState: {
    on_the_way: 'It is being refunded in full by itself. You need not do anything.',
    done: 'It was refunded in full. You need not do anything.',
    checking: 'The refund met a problem that we are solving. You need not do anything.',
  },

  friendTitle: 'Ask a friend to pay',
  friendHelp:
    'Send this to a friend, who can pay for you by opening the link. They see nothing about you.',
  friendLabel: 'Message for your friend',
  friendShare: (payee, amount, url) => `Could you pay this for me?\n${payee} ${amount}\n${url}`,
  friendCopy: 'Copy',
  friendCopied: 'Copied. Now send it to your friend',
  friendCopyFailed: 'Selected. Now copy it',
  friendBanner: 'A friend asks you to pay this order',
  friendBannerHelp: 'Before you pay, make sure that the link comes from someone you know.',

  notices: {
    wallet_not_offered: 'This way to pay is not available now. Please choose another.',
    payer_unknown: 'The wallet did not tell us who pays. Please try again.',
    not_payable: 'This order cannot be paid now. Here is its latest state.',
    declined: 'The wallet did not accept the payment. Try again, or choose another way to pay.',
    busy: 'We are busy; you were not charged. Please try again.',
    invalid: 'Something was missing from the request. Please choose again.',
  },

  counterTitle: (merchant) => `Pay ${merchant}`,
  counterAmount: 'Amount in yuan',
  counterGo: 'Go to payment',
  counterKeys: 'Number keys',
  counterErase: 'Erase one digit',
  counterCap:
    'This is a fixed code: wallets limit it for each person, as a rule to 500 yuan a day.',
  counterProblems: {
    amount_missing: 'Please enter an amount.',
    amount_unreadable: 'This is not an amount. Please enter digits only, such as 12.50.',
    amount_too_precise: 'The smallest part is a fen: please enter two decimals at most.',
    amount_too_small: 'The amount is at least 0.01 yuan.',
    amount_too_large: 'The amount is at most 50,000.00 yuan.',
    order_changed: 'The page was renewed. Please check the amount and press once more.',
  },
  counterClosedTitle: 'This code is out of use',
  counterClosedHelp: (merchant) =>
    `Nothing was charged. Please ask the staff of ${merchant} for a new code.`,

  handOutOver: {
    paid: { title: 'This order is paid', help: 'There is nothing left to pay.' },
    expired: {
      title: 'Time to pay has run out',
      help: 'This order is closed and can no longer be paid. Order again at the shop if you like.',
    },
    canceled: {
      title: 'This order was canceled',
      help: 'It is canceled and can no longer be paid.',
    },
    conflicted: {
      title: 'We are checking this payment',
      help: 'What the wallet reports differs from the order. Please do not pay again.',
    },
    left: {
      title: 'This way to pay is closed',
      help: 'Another way was chosen since. Go back to the payment page, which shows how it stands.',
    },
  },
  handedOverTitle: 'See the shop for the result',
  handedOverHelp:
    'The wallet has taken this up. Go back to the page you ordered on; do not pay again.',
  notFoundTitle: 'This payment page does not exist',
  notFoundHelp: 'The link may be incomplete or no longer valid. Open it again from the shop.',
  busyTitle: 'We are busy',
  busyHelp: 'Reload this page in a moment. If you have paid, nothing is lost.',
  limitedTitle: 'Too many tries',
  limitedHelp: (seconds) => `Please wait ${seconds} seconds and try again.`,
  refusedTitle: 'Request refused',
  refusedHelp: 'The request did not come from this page. Go back and choose again.',
  backToPayment: 'Back to the payment',
};

export const TEXTS: Readonly<Record<Locale, Texts>> = { zh, en };
