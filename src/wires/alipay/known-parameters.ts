/**
 * The parameters that Alipay documents for signed notifications, service messages and return URLs.
 * Anything else in a signed message is covered by its signature and otherwise ignored.
 */
export const KNOWN_PARAMETERS: ReadonlySet<string> = new Set([
  // Of every message.
  ...['notify_time', 'notify_type', 'notify_id', 'app_id', 'auth_app_id', 'charset', 'version'],
  ...['sign', 'sign_type', 'alipay_cert_sn'],
  // The trade, the payer and the payee.
  ...['trade_no', 'out_trade_no', 'out_biz_no', 'buyer_id', 'buyer_open_id', 'buyer_logon_id'],
  ...['buyer_user_id', 'seller_id', 'seller_email', 'trade_status', 'subject', 'body'],
  ...['passback_params', 'out_channel_type', 'merge_pay_status', 'out_merge_no', 'merge_no'],
  // Money.
  ...['total_amount', 'trans_currency', 'receipt_amount', 'invoice_amount', 'buyer_pay_amount'],
  ...['point_amount', 'refund_fee', 'send_back_fee', 'fund_bill_list', 'voucher_detail_list'],
  ...['settle_currency', 'settle_amount', 'pay_currency', 'pay_amount', 'discount_amount'],
  ...['mdiscount_amount', 'charge_amount', 'charge_flags', 'settle_trans_rate'],
  // When.
  ...['gmt_create', 'gmt_payment', 'gmt_refund', 'gmt_close', 'timestamp', 'method'],
  // Messages of the application gateway.
  ...['msg_method', 'msg_type', 'msg_uid', 'msg_app_id', 'utc_timestamp', 'biz_content'],
]);
