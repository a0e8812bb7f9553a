/**
 * What one platform account at WeChat Pay is configured with; both ends of the wire know this
 * shape. Everything secret in here is stored only as envelope ciphertext and never logged.
 */
import { type Static, Type } from 'typebox';

const Pem = Type.String({ minLength: 64, maxLength: 16_384 });

export const wechatpayCredentialsSchema = Type.Object(
  {
    /** The service provider's (sp_mchid, combine_mchid). */
    mchid: Type.String({ pattern: '^[0-9]{8,32}$' }),
    appid: Type.String({ pattern: '^wx[0-9a-z]{16}$' }),
    appSecret: Type.String({ pattern: '^[0-9a-zA-Z]{16,64}$' }),
    /** Of the merchant API certificate, upper-case hex. */
    serialNo: Type.String({ pattern: '^[0-9A-F]{8,64}$' }),
    /** Of the merchant API certificate, PEM. */
    privateKey: Pem,
    apiV3Key: Type.String({ pattern: '^[\\x21-\\x7e]{32}$' }),
    /** For payment codes by APIv2; absent = the account takes none. */
    apiV2Key: Type.Optional(Type.String({ pattern: '^[\\x21-\\x7e]{32}$' })),
    /** apiclient_cert.pem: APIv2 wants it from whoever reverses. */
    merchantCertificate: Type.Optional(Pem),
    /** Which API takes payment codes; absent = v2. WeChat Pay opens v3 merchant by merchant. */
    codepayApi: Type.Optional(Type.Union([Type.Literal('v2'), Type.Literal('v3')])),
    /** Which of the two key kinds answers are asked to be signed with. */
    keyMode: Type.Union([Type.Literal('public_key'), Type.Literal('platform_certificate')]),
    publicKeyId: Type.Optional(Type.String({ pattern: '^PUB_KEY_ID_[0-9]{8,64}$' })),
    publicKey: Type.Optional(Pem),
    /** Known platform certificates, PEM; more are downloaded when a new serial appears. */
    platformCertificates: Type.Optional(Type.Array(Pem, { maxItems: 20 })),
    /** Pinned root of the platform certificates; without it AEAD alone vouches for them. */
    platformRootCertificate: Type.Optional(Pem),
    endpoints: Type.Object(
      {
        /** Origin of the API, without a path. */
        api: Type.String({ pattern: '^https?://[^/?#\\s]+$' }),
        /** Complete addresses of the two OAuth steps, without a query. */
        authorize: Type.String({ pattern: '^https?://[^?#\\s]+$' }),
        oauth: Type.String({ pattern: '^https?://[^?#\\s]+$' }),
      },
      { additionalProperties: false },
    ),
  },
  { additionalProperties: false },
);

export type WechatpayCredentials = Static<typeof wechatpayCredentialsSchema>;
