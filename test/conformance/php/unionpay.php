<?php
// UnionPay's signMethod 01 by PHP's openssl extension alone: certId is the serial number as PHP
// prints it. A QR purchase (07) is asked for; the reply's own certificate must hang below the root.
require __DIR__ . '/shared.php';

$in = json_decode(stream_get_contents(STDIN), true);
if (!openssl_pkcs12_read(base64_decode($in['sign_pfx']), $pfx, $in['sign_pfx_password'])) {
    fail('the PFX does not open: ' . openssl_error_string());
}
$fields = [
    'version' => '5.1.0',
    'encoding' => 'UTF-8',
    'signMethod' => '01',
    'certId' => openssl_x509_parse($pfx['cert'])['serialNumber'],
    'txnType' => '01',
    'txnSubType' => '07',
    'bizType' => '000000',
    'channelType' => '08',
    'accessType' => '0',
    'merId' => $in['mer_id'],
    'orderId' => $in['order_no'],
    'txnTime' => beijing('YmdHis'),
    'txnAmt' => '12800',
    'currencyCode' => '156',
    'backUrl' => $in['notify_url'],
];
$text = hash('sha256', sortedText($fields));
$fields['signature'] = base64_encode(signed($text, $pfx['pkey']));
$body = post($in['gateway'] . '/gateway/api/backTransReq.do', http_build_query($fields));

$reply = replyFields($body);
if (($reply['respCode'] ?? '') !== '00') fail("refused: $body");
checkChain($reply['signPubKeyCert'], $in['middle_cert'], $in['root_cert']);
$signature = base64_decode($reply['signature']);
unset($reply['signature']);
$text = hash('sha256', sortedText($reply));
$key = openssl_pkey_get_public($reply['signPubKeyCert']);
if (openssl_verify($text, $signature, $key, OPENSSL_ALGO_SHA256) !== 1) {
    fail("the reply does not verify: $body");
}
echo json_encode(['qr_code' => $reply['qrCode'], 'certId' => $fields['certId']]), "\n";

/** Values are raw: a certificate's line feeds and a base64's "=" stand as they are. */
function replyFields(string $body): array
{
    $fields = [];
    foreach (explode('&', $body) as $pair) {
        [$name, $value] = explode('=', $pair, 2);
        $fields[$name] = $value;
    }
    return $fields;
}

function checkChain(string $leaf, string $middle, string $root): void
{
    foreach ([[$leaf, $middle], [$middle, $root], [$root, $root]] as [$certificate, $issuer]) {
        if (openssl_x509_verify($certificate, openssl_pkey_get_public($issuer)) !== 1) {
            fail('the reply is signed by a certificate of somebody else');
        }
    }
}
