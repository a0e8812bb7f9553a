<?php
// What PHP makes of certificates, as PHP clients compute it: UnionPay's certId is `serialNumber` as
// it is printed (decimal below 128 bits, 0x… above), Alipay's SN the rule of shared.php.
require __DIR__ . '/shared.php';

$answers = [];
foreach (json_decode(stream_get_contents(STDIN)) as $pem) {
    $answers[] = [
        'certId' => openssl_x509_parse($pem)['serialNumber'],
        'sn' => certificateSn($pem),
    ];
}
echo json_encode($answers), "\n";
