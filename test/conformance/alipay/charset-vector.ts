/**
 * A page payment as PHP clients post it, frozen: `charset=UTF-8` is both in the form's action and
 * in the form. Signed once by PHP's openssl extension with a key that no longer exists.
 */
export const CHARSET_TWICE = {
  appId: '2021000000000001',
  orderNo: 'CHARSET0001',
  publicKeyPem: `-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAifP0faTvE33UmL0D4RuE
fqVoUCsVIMGJzwlyeavQu7TeUBlZBs4KOh9qCHsUOu9EQuiqvuthpMLnyo/EB0xS
MLS1DEYLWW788ANDUOjG6g1rDflBM7w0OJp5Wqzrig0t4YP44eR4k981wpxUpCl+
oedHsnR+GmwXL1vh2ImNMOkkTaXZCqiKoNWVMZwpobup8MKM8xFitYpMus0iOTr+
YRRGcleyWWEO0TOJfsL0fuGaU6yGB609q53C8nkMLJ3WhfbTivxkEaaAGjtVEl2A
6hAPYv19NUtPDWd0edmgVJBd1ucFWrwulRUHeNdVnAhrqq6ej/IlkDqaIQIUNo1p
rwIDAQAB
-----END PUBLIC KEY-----
`,
  query: 'charset=UTF-8',
  body:
    'app_id=2021000000000001&method=alipay.trade.page.pay&format=json&charset=UTF-8&sign_type' +
    '=RSA2&timestamp=2026-11-29+07%3A55%3A30&version=1.0&return_url=https%3A%2F%2Fshop.exampl' +
    'e%2Fback&notify_url=https%3A%2F%2Fshop.example%2Fnotify&biz_content=%7B%22out_trade_no%2' +
    '2%3A%22CHARSET0001%22%2C%22total_amount%22%3A%22128.00%22%2C%22subject%22%3A%22%E4%B8%80' +
    '%E5%8F%8C%E5%B8%83%E9%9E%8B%22%2C%22product_code%22%3A%22FAST_INSTANT_TRADE_PAY%22%7D&si' +
    'gn=PwkRxM%2FKxyssXYMVQVu%2BtMfMFU2a%2Bq0ByrN9c2vvI0nXacEn7Tj%2B5m5felKp2jb2ZW5wGUqNcnbIj' +
    'NZpLy%2FYPWhcR2AiLo%2FVcuHqrzEpljuItSnWUuHx6i51B6NXFcTxzsMFtFmsK%2BCvWULgsrUTBvkl4N0UknW' +
    'l%2BEr1ffO149zxEh22D5mr5UPM7%2Fv11g50bq2gSUF5p%2FHgqwH58Sb3WKJ6m1Rtf1p3Wb7SD2bTH7Kl4pRcK' +
    'tq6FR1JgKhMrQo9rh3gbuHGeQKe3uJ6e4FcttUORxxc0POeLwjg2ZHNaJev5UgHV4Z86Q9d8bCtdioeDY2u9Pec8' +
    '6N4%2FZjkuGivnw%3D%3D',
} as const;
