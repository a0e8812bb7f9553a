/**
 * The configuration of one merchant number at UnionPay; both ends of the wire use this shape. The
 * PFX is base64 of the file, certificates are PEM text. The CA of method 21, and whatever else no
 * published message confirms, must be enabled with `acceptsUnverified`. Each field states what it
 * is and where to find it: `hutong wallet template` and docs/reference/credentials.md are generated
 * from that.
 */
import { type Static, Type } from 'typebox';

const ACQUIRER = 'from your acquirer or UnionPay, with the merchant number';
const text = (description: string, whereFound: string) =>
  Type.String({ minLength: 1, maxLength: 32_768, description, whereFound });
const closed = { additionalProperties: false };

const certificateSigning = Type.Object(
  {
    method: Type.Literal('01'),
    pfx: text(
      'the signing certificate with its private key: the .pfx file as base64',
      `${ACQUIRER}; exported with the CFCA tool`,
    ),
    pfxPassword: Type.String({
      maxLength: 128,
      description: 'the password that opens the .pfx',
      whereFound: 'set by you when the .pfx was exported',
    }),
    rootCert: text('the PEM text of acp_prod_root.cer', ACQUIRER),
    middleCert: text('the PEM text of acp_prod_middle.cer', ACQUIRER),
    acceptsTestSigner: Type.Optional(
      Type.Boolean({
        description:
          'true at gateway.test.95516.com, where alone messages are signed as 00040000:SIGN; ' +
          'never with a live gateway',
      }),
    ),
  },
  closed,
);

const keyedSigning = Type.Object(
  {
    method: Type.Union([Type.Literal('11'), Type.Literal('12')]),
    secureKey: Type.String({
      minLength: 16,
      maxLength: 128,
      description: 'the secure key, 16 to 128 characters',
      whereFound: ACQUIRER,
    }),
  },
  closed,
);

const sm2Signing = Type.Object(
  {
    method: Type.Literal('21'),
    privateKey: Type.String({
      pattern: '^[0-9a-fA-F]{64}$',
      description: 'your SM2 private key: 32 bytes in hex',
      whereFound: 'made by you, with the signing certificate',
    }),
    certId: Type.String({
      pattern: '^[0-9]{1,128}$',
      description: 'the serial number of your signing certificate, decimal',
      whereFound: ACQUIRER,
    }),
    unionpayPublicKey: Type.String({
      pattern: '^04[0-9a-fA-F]{128}$',
      description: "the point of UnionPay's signing certificate, uncompressed: 04 and 64 bytes hex",
      whereFound: ACQUIRER,
    }),
    unionpayCertId: Type.String({
      pattern: '^[0-9]{1,128}$',
      description: "the serial number of UnionPay's signing certificate, decimal",
      whereFound: ACQUIRER,
    }),
    acceptsUnverified: Type.Literal(true, {
      description: 'true: you accept that no published message proves this method here',
      default: false,
    }),
  },
  closed,
);

const merId = (description: string, more: object = {}) =>
  Type.String({ pattern: '^[0-9A-Za-z]{15}$', description, ...more });

export const unionpayCredentialsSchema = Type.Object(
  {
    merId: merId('the merchant number (merId), 15 letters and digits', { whereFound: ACQUIRER }),
    encoding: Type.Optional(
      Type.Union([Type.Literal('UTF-8'), Type.Literal('GBK')], {
        description: 'of the messages: UTF-8 if it is left out',
      }),
    ),
    signing: Type.Union([certificateSigning, keyedSigning, sm2Signing], {
      description:
        'the signMethod: 01 RSA certificates, 11 a key with SHA-256, 12 a key with SM3, 21 SM2',
      whereFound: 'your contract with the acquirer; 01 is usual',
    }),
    encryptCert: Type.Optional(
      text(
        'the PEM text of acp_prod_enc.cer, with which card data is enciphered; without it, the ' +
          'gateway is asked for it',
        ACQUIRER,
      ),
    ),
    termId: Type.Optional(
      Type.String({
        pattern: '^[0-9A-Za-z]{8}$',
        description:
          'the terminal that payment codes and taps are taken at, 8 letters and digits: 00000001 ' +
          'if it is left out',
        whereFound: ACQUIRER,
      }),
    ),
    endpoints: Type.Object(
      {
        gateway: Type.String({
          pattern: '^https?://',
          maxLength: 512,
          description: 'the origin of the gateway, without /gateway/api',
        }),
      },
      closed,
    ),
  },
  closed,
);

/** A merchant that an order is split to. */
export const unionpayMerchantSchema = merId('a merId: 15 letters and digits');

export type UnionpayCredentials = Static<typeof unionpayCredentialsSchema>;
