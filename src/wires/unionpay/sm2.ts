/**
 * SM2 signatures of signMethod 21: SM3 over the ASCII hex digest, the user id being the signing
 * certificate's decimal certId (not the usual 1234567812345678). Written as r‖s, which is what
 * common helper code does and no published message proves; DER is accepted when reading.
 */
import { sm2 } from 'sm-crypto-v2';

const RAW_BYTES = 64;

export function signSm2(digestHex: string, privateKeyHex: string, certId: string): string {
  const options = { hash: true, der: false, userId: certId };
  const hex = sm2.doSignature(Buffer.from(digestHex, 'ascii'), privateKeyHex, options);
  return Buffer.from(hex, 'hex').toString('base64');
}

export function verifySm2(
  digestHex: string,
  signature: string,
  signer: { readonly publicKeyHex: string; readonly certId: string },
): boolean {
  const bytes = Buffer.from(signature, 'base64');
  if (bytes.length === 0 || bytes.toString('base64') !== signature) return false;
  const options = { hash: true, der: bytes.length !== RAW_BYTES, userId: signer.certId };
  try {
    return sm2.doVerifySignature(
      Buffer.from(digestHex, 'ascii'),
      bytes.toString('hex'),
      signer.publicKeyHex,
      options,
    );
  } catch {
    // The library throws on DER that it cannot read and on points off the curve.
    return false;
  }
}

export function sm2PublicKeyHex(privateKeyHex: string): string {
  return sm2.getPublicKeyFromPrivateKey(privateKeyHex);
}

/** 32 bytes between 1 and n-2, and an uncompressed point on the curve. */
export function isSm2PrivateKey(hex: string): boolean {
  if (!/^[0-9a-fA-F]{64}$/.test(hex)) return false;
  const order = BigInt('0xfffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123');
  const key = BigInt(`0x${hex}`);
  return key >= 1n && key <= order - 2n;
}

export function isSm2PublicKey(hex: string): boolean {
  if (!/^04[0-9a-fA-F]{128}$/.test(hex)) return false;
  try {
    return sm2.verifyPublicKey(hex);
  } catch {
    return false;
  }
}
