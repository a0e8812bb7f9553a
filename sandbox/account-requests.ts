/**
 * The city's initial merchants: one for outside SDKs, and the demo's marketplaces. The
 * marketplaces' merchants are the bazaar's sellers in its order, so that a buyer pays the seller of
 * the goods.
 */

import { CREDENTIALS_LABEL } from './accounts.ts';
import type { AccountRequest } from './kit/kit.ts';

export const ACCOUNT_REQUESTS: readonly AccountRequest[] = [
  {
    label: CREDENTIALS_LABEL,
    name: '沙箱城接入测试',
    subMerchantNames: ['沙箱城测试商户一', '沙箱城测试商户二'],
  },
  {
    label: 'taobao',
    name: '淘宝',
    subMerchantNames: ['胡同里鞋铺', '小满杂货', '南山手作', '巷口旧物与绿植'],
  },
  {
    label: 'tmall',
    name: '天猫',
    subMerchantNames: ['步云运动旗舰店', '青屿数码旗舰店', '谷雨茶器旗舰店', '拾光家居旗舰店'],
  },
];
