/** Every parser of foreign bytes that is fuzzed. A wallet adds its own list here. */

import { ALIPAY_PARSERS } from './alipay-parsers.ts';
import { CODE_PARSERS } from './code-parsers.ts';
import { JDPAY_PARSERS } from './jdpay-parsers.ts';
import { NFC_PARSERS } from './nfc-parsers.ts';
import type { FuzzParser } from './parser.ts';
import { QR_PARSERS } from './qr-parsers.ts';
import { UNIONPAY_PARSERS } from './unionpay-parsers.ts';
import { WECHATPAY_PARSERS } from './wechatpay-parsers.ts';

export const PARSERS: readonly FuzzParser[] = [
  ...QR_PARSERS,
  ...CODE_PARSERS,
  ...NFC_PARSERS,
  ...UNIONPAY_PARSERS,
  ...WECHATPAY_PARSERS,
  ...JDPAY_PARSERS,
  ...ALIPAY_PARSERS,
];
