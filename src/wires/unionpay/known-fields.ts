/**
 * The fields that ACP 5.1.0 documents for replies and notifications, and which of them nest pairs
 * in brackets. Anything else in a signed message is covered by its signature and otherwise ignored.
 */
export const KNOWN_FIELDS: ReadonlySet<string> = new Set([
  // How the message is made and signed.
  ...['version', 'encoding', 'certId', 'signMethod', 'signature', 'signPubKeyCert'],
  // Identifying the transaction.
  ...['txnType', 'txnSubType', 'bizType', 'channelType', 'accessType', 'acqInsCode'],
  ...['merId', 'subMerId', 'subMerName', 'subMerAbbr', 'merCatCode', 'merName', 'merAbbr'],
  ...['orderId', 'txnTime', 'queryId', 'origQryId', 'origOrderId', 'origTxnTime', 'tn', 'qrCode'],
  // Money and clearing.
  ...['txnAmt', 'currencyCode', 'settleAmt', 'settleCurrencyCode', 'settleDate', 'traceNo'],
  ...['traceTime', 'exchangeRate', 'exchangeDate', 'accSplitData'],
  // The outcome.
  ...['respCode', 'respMsg', 'origRespCode', 'origRespMsg', 'activateStatus'],
  // Who paid with what.
  ...['accNo', 'accType', 'payCardNo', 'payCardType', 'payCardIssueName', 'payType', 'issInsCode'],
  ...['issInsName', 'bindId', 'tokenPayData', 'customerInfo', 'cardTransData', 'payerInfo'],
  // Echoes, files, keys.
  ...['reqReserved', 'reserved', 'orderDesc', 'termId', 'fileName', 'fileContent', 'certType'],
  ...['encryptCertId', 'encryptPubKeyCert', 'batchNo', 'totalQty', 'totalAmt'],
]);

const NESTED: ReadonlySet<string> = new Set([
  ...['reserved', 'customerInfo', 'cardTransData', 'tokenPayData', 'payerInfo'],
]);

/** Undocumented fields may be nested, too. */
export function mayNest(name: string): boolean {
  return NESTED.has(name) || !KNOWN_FIELDS.has(name);
}
