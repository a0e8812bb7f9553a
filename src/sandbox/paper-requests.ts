/** The merchants the city is founded with: outside SDKs' own, and the demo's marketplaces. */
import type { AccountRequest } from './kit/kit.ts';
import { CREDENTIALS_LABEL } from './papers.ts';

export const PAPER_REQUESTS: readonly AccountRequest[] = [
  {
    label: CREDENTIALS_LABEL,
    name: '沙箱城接入测试',
    subMerchantNames: ['沙箱城测试商户一', '沙箱城测试商户二'],
  },
  {
    label: 'taobao',
    name: '淘宝',
    subMerchantNames: ['湖畔茶叶铺', '巷口手工皮具', '山野干货行', '旧书新知书店'],
  },
  {
    label: 'tmall',
    name: '天猫',
    subMerchantNames: ['松石家电旗舰店', '云朵母婴旗舰店', '北岸运动旗舰店', '禾木家居旗舰店'],
  },
];
