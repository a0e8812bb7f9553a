<?php
// Alipay's certificate mode by PHP's openssl extension alone, with the habits of PHP clients:
// `charset` stands in the address and in the body, SNs are md5(issuer + serialNumber).
require __DIR__ . '/shared.php';

$in = json_decode(stream_get_contents(STDIN), true);
$parameters = [
    'app_id' => $in['app_id'],
    'method' => 'alipay.trade.precreate',
    'format' => 'json',
    'charset' => 'utf-8',
    'sign_type' => 'RSA2',
    'timestamp' => beijing('Y-m-d H:i:s'),
    'version' => '1.0',
    'notify_url' => $in['notify_url'],
    'app_cert_sn' => certificateSn($in['app_cert']),
    'alipay_root_cert_sn' => certificateSn($in['alipay_root_cert']),
    'biz_content' => json_encode([
        'out_trade_no' => $in['order_no'],
        'total_amount' => '128.00',
        'subject' => '一双布鞋 100% +',
    ], JSON_UNESCAPED_UNICODE),
];
$parameters['sign'] = base64_encode(signed(sortedText($parameters), $in['app_private_key']));
$body = post($in['gateway'] . '?charset=utf-8', http_build_query($parameters));

$answer = json_decode($body, true);
$said = $answer['alipay_trade_precreate_response'] ?? [];
if (($said['code'] ?? '') !== '10000') fail("refused: $body");
if ($answer['alipay_cert_sn'] !== certificateSn($in['alipay_cert'])) fail("another certificate: $body");
// What is signed is the object's own text.
$start = strpos($body, '{', 1);
$signedText = substr($body, $start, strpos($body, '},"') + 1 - $start);
$key = openssl_pkey_get_public($in['alipay_cert']);
$isGood = openssl_verify($signedText, base64_decode($answer['sign']), $key, OPENSSL_ALGO_SHA256);
if ($isGood !== 1) fail("the answer does not verify: $body");
echo json_encode(['qr_code' => $said['qr_code'], 'app_cert_sn' => $parameters['app_cert_sn']]), "\n";
