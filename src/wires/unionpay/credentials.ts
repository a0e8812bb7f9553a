/**
 * What one merchant number at UnionPay is configured with; both ends of the wire know this shape.
 * The PFX is base64 of the file, certificates are PEM text. The CA of method 21, and what else no
 * published message proves, is only reachable by saying `acceptsUnverified`.
 */
import { type Static, Type } from 'typebox';

const text = Type.String({ minLength: 1, maxLength: 32_768 });
const url = Type.String({ pattern: '^https?://', maxLength: 512 });
const closed = { additionalProperties: false };

const certificateSigning = Type.Object(
  {
    method: Type.Literal('01'),
    pfx: text,
    pfxPassword: Type.String({ maxLength: 128 }),
    rootCert: text,
    middleCert: text,
    /** Only the test environment signs as `00040000:SIGN`. */
    acceptsTestSigner: Type.Optional(Type.Boolean()),
  },
  closed,
);

const keyedSigning = Type.Object(
  {
    method: Type.Union([Type.Literal('11'), Type.Literal('12')]),
    secureKey: Type.String({ minLength: 16, maxLength: 128 }),
  },
  closed,
);

const sm2Signing = Type.Object(
  {
    method: Type.Literal('21'),
    /** Hex: 32 bytes, and the uncompressed point of UnionPay's signing certificate. */
    privateKey: Type.String({ pattern: '^[0-9a-fA-F]{64}$' }),
    certId: Type.String({ pattern: '^[0-9]{1,128}$' }),
    unionpayPublicKey: Type.String({ pattern: '^04[0-9a-fA-F]{128}$' }),
    unionpayCertId: Type.String({ pattern: '^[0-9]{1,128}$' }),
    acceptsUnverified: Type.Literal(true),
  },
  closed,
);

export const unionpayCredentialsSchema = Type.Object(
  {
    merId: Type.String({ pattern: '^[0-9A-Za-z]{15}$' }),
    encoding: Type.Optional(Type.Union([Type.Literal('UTF-8'), Type.Literal('GBK')])),
    signing: Type.Union([certificateSigning, keyedSigning, sm2Signing]),
    /** UnionPay's encryption certificate: what card data is enciphered with. */
    encryptCert: Type.Optional(text),
    /** The terminal that payment codes and taps are taken at. */
    termId: Type.Optional(Type.String({ pattern: '^[0-9A-Za-z]{8}$' })),
    endpoints: Type.Object({ gateway: url }, closed),
  },
  closed,
);

export type UnionpayCredentials = Static<typeof unionpayCredentialsSchema>;
