<?php
// What the PHP clients of this folder share: PHP's openssl extension and streams, no library.

function fail(string $why): never
{
    fwrite(STDERR, $why . "\n");
    exit(1);
}

function beijing(string $format): string
{
    return (new DateTime('now', new DateTimeZone('Asia/Shanghai')))->format($format);
}

function sortedText(array $parameters): string
{
    ksort($parameters, SORT_STRING);
    $pairs = [];
    foreach ($parameters as $name => $value) {
        if ($value !== '') $pairs[] = "$name=$value";
    }
    return implode('&', $pairs);
}

function signed(string $text, string $privateKey): string
{
    if (!openssl_sign($text, $signature, $privateKey, OPENSSL_ALGO_SHA256)) {
        fail('cannot sign: ' . openssl_error_string());
    }
    return $signature;
}

/** The MD5 of the issuer (RDNs reversed, joined by commas) and the serial number as PHP prints it. */
function certificateSn(string $pem): string
{
    $read = openssl_x509_parse($pem);
    $issuer = [];
    foreach (array_reverse($read['issuer']) as $name => $value) {
        $issuer[] = "$name=$value";
    }
    return md5(implode(',', $issuer) . $read['serialNumber']);
}

function post(string $url, string $form): string
{
    $body = file_get_contents($url, false, stream_context_create(['http' => [
        'method' => 'POST',
        'header' => 'Content-Type: application/x-www-form-urlencoded;charset=utf-8',
        'content' => $form,
        'ignore_errors' => true,
        'timeout' => 10,
    ]]));
    if ($body === false) fail("no answer from $url");
    return $body;
}
