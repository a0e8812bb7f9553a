/** The paths and transaction codes of ACP 5.1.0 that Hutong speaks; for both ends of the wire. */
export const VERSION = '5.1.0';
export const CURRENCY_CNY = '156';
/** What documents use as backUrl if no notification is wanted (not confirmed). */
export const NO_NOTIFICATION_URL = 'http://www.specialUrl.com';

export const PATHS = {
  front: '/gateway/api/frontTransReq.do',
  back: '/gateway/api/backTransReq.do',
  app: '/gateway/api/appTransReq.do',
  query: '/gateway/api/queryTrans.do',
} as const;

export const TXN = {
  query: '00',
  purchase: '01',
  refund: '04',
  undo: '31',
  keyUpdate: '95',
  reversal: '99',
} as const;

export type UnionpayProduct = 'web' | 'app' | 'qr' | 'bar' | 'nfc';

/**
 * How each product's purchase names itself. The tap's row is an assumption: ACP's card-present
 * purchase is not published; the chip's data stands in cardTransData.
 */
export const PURCHASES: Readonly<
  Record<UnionpayProduct, { readonly path: string; readonly sub: string; readonly biz: string }>
> = {
  web: { path: PATHS.front, sub: '01', biz: '000201' },
  app: { path: PATHS.app, sub: '01', biz: '000201' },
  qr: { path: PATHS.back, sub: '07', biz: '000000' },
  bar: { path: PATHS.back, sub: '06', biz: '000000' },
  nfc: { path: PATHS.back, sub: '01', biz: '000000' },
};

export function isUnionpayProduct(product: string): product is UnionpayProduct {
  return Object.hasOwn(PURCHASES, product);
}

/**
 * Fields that mark an outcome and that no request has: with methods 11 and 12 both sides sign with
 * one key, so a request of ours that was reflected would verify.
 */
export function isAnswer(fields: ReadonlyMap<string, string>): boolean {
  return (fields.get('respCode') ?? '') !== '' && (fields.get('respMsg') ?? '') !== '';
}
