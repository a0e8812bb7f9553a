/** Every text of the city's start page, in both languages. */
import type { Language } from './phone/texts.ts';

const ZH = {
  title: '沙箱城',
  about:
    '这里的网关与各钱包的线上协议一致：签名、证书、加密、错误、回调和重试都照真实的来，但不动真钱。' +
    '官方 SDK 把地址指到这里即可，不用改代码。',
  openPhone: '打开沙箱手机付款',
  gateways: '网关地址',
  credentials: '商户号、密钥和证书在 .hutong/demo.json。',
  control: '控制',
  cityTime: '城内时间',
  callbacksLocal: '回调可以发往 http 和本机地址（--allow-local-callbacks）。',
  callbacksPublic: '回调只发往公网的 https 地址；要发往本机，用 --allow-local-callbacks 启动。',
  interconnect: '互联互通',
  interconnectAbout: '左边钱包的 App 可以扫右边钱包的收款码付款；资金由转接机构清算。',
  interconnectNone: '现在没有任何互通。',
  payer: '付款钱包',
  acceptor: '收款钱包',
  explanations: '最近拒绝的原因',
  deliveries: '最近的回调',
  none: '还没有。',
  expected: '网关按线上内容拼出的串',
  received: '对方看来签的串',
  firstDifference: '首个不同的字节',
  hidden: '控制需要令牌，这里不显示最近的记录。',
  otherLanguage: 'English',
} as const;

export type LandingTexts = Readonly<Record<keyof typeof ZH, string>>;

const EN: LandingTexts = {
  title: 'The sandbox city',
  about:
    "The gateways here speak the wallets' own wires: signatures, certificates, encryption, errors, " +
    'callbacks and their retries, but no money moves. Point an official SDK here, unchanged.',
  openPhone: 'Open the sandbox phone to pay',
  gateways: 'Gateways',
  credentials: 'Merchant numbers, keys and certificates are in .hutong/demo.json.',
  control: 'Control',
  cityTime: 'City time',
  callbacksLocal: 'Callbacks may go to http and loopback (--allow-local-callbacks).',
  callbacksPublic:
    'Callbacks go to https on the public internet only; start with --allow-local-callbacks otherwise.',
  interconnect: 'Interconnection',
  interconnectAbout:
    'The app of the wallet on the left may pay codes of the one on the right; the switch clears.',
  interconnectNone: 'No pair is connected at present.',
  payer: "Payer's wallet",
  acceptor: 'Acceptor',
  explanations: 'Lately refused, and why',
  deliveries: 'Latest callbacks',
  none: 'None yet.',
  expected: 'What the gateway built from the wire',
  received: 'What the caller seems to have signed',
  firstDifference: 'first difference at byte',
  hidden: 'The control wants a token, so recent records are not shown here.',
  otherLanguage: '中文',
};

export const LANDING_TEXTS: Readonly<Record<Language, LandingTexts>> = { zh: ZH, en: EN };
