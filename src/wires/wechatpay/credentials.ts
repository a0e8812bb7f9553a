/**
 * The configuration of one platform account at WeChat Pay; both ends of the wire use this shape.
 * Everything secret in it is stored only as envelope ciphertext and never logged. Each field states
 * what it is and where to find it: `hutong wallet template` and docs/reference/credentials.md are
 * generated from that.
 */
import { type Static, Type } from 'typebox';

const CONSOLE = 'merchant console (商户平台)';
const API_SECURITY = 'merchant console, API security (API安全)';
const pem = (description: string, more: object = {}) =>
  Type.String({ minLength: 64, maxLength: 16_384, description, ...more });

export const wechatpayCredentialsSchema = Type.Object(
  {
    mchid: Type.String({
      pattern: '^[0-9]{8,32}$',
      description:
        "the service provider's merchant number (sp_mchid, combine_mchid), 8 to 32 digits",
      whereFound: CONSOLE,
    }),
    appid: Type.String({
      pattern: '^wx[0-9a-z]{16}$',
      description: 'the appid bound to mchid: wx and 16 digits or lower-case letters',
      whereFound: 'page of the official account or app; bound to mchid in the merchant console',
    }),
    appSecret: Type.String({
      pattern: '^[0-9a-zA-Z]{16,64}$',
      description: "the app's secret (AppSecret), 16 to 64 letters and digits",
      whereFound: 'page of the official account or app',
    }),
    serialNo: Type.String({
      pattern: '^[0-9A-F]{8,64}$',
      description: 'the serial number of the merchant API certificate, upper-case hex',
      whereFound: `${API_SECURITY}, or: openssl x509 -noout -serial -in apiclient_cert.pem`,
    }),
    privateKey: pem('the PEM text of apiclient_key.pem (RSA, 2048 bits or more)', {
      whereFound: 'comes with the merchant API certificate',
    }),
    apiV3Key: Type.String({
      pattern: '^[\\x21-\\x7e]{32}$',
      description: 'the APIv3 key, exactly 32 ASCII characters',
      whereFound: `set by you: ${API_SECURITY}`,
    }),
    apiV2Key: Type.Optional(
      Type.String({
        pattern: '^[\\x21-\\x7e]{32}$',
        description:
          'the APIv2 key, exactly 32 ASCII characters: for payment codes by APIv2, which are not ' +
          'taken without it',
        whereFound: `set by you: ${API_SECURITY}`,
      }),
    ),
    merchantCertificate: Type.Optional(
      pem('the PEM text of apiclient_cert.pem: APIv2 wants it from whoever reverses a payment', {
        whereFound: 'the merchant API certificate, whose serial number is serialNo',
        neededWith: { field: 'apiV2Key' },
      }),
    ),
    codepayApi: Type.Optional(
      Type.Union([Type.Literal('v2'), Type.Literal('v3')], {
        description:
          'which API takes payment codes: v2, unless WeChat Pay has opened v3 to the merchant',
      }),
    ),
    keyMode: Type.Union([Type.Literal('public_key'), Type.Literal('platform_certificate')], {
      description:
        'what WeChat Pay is asked to sign with: merchants opened since about October 2024 only ' +
        'have public_key',
      whereFound: API_SECURITY,
    }),
    publicKeyId: Type.Optional(
      Type.String({
        pattern: '^PUB_KEY_ID_[0-9]{8,64}$',
        description: 'the id of the WeChat Pay public key: PUB_KEY_ID_ and digits',
        whereFound: API_SECURITY,
        neededWith: { field: 'keyMode', value: 'public_key' },
      }),
    ),
    publicKey: Type.Optional(
      pem('the PEM text of the WeChat Pay public key (微信支付公钥)', {
        whereFound: API_SECURITY,
        neededWith: { field: 'keyMode', value: 'public_key' },
      }),
    ),
    platformCertificates: Type.Optional(
      Type.Array(pem('the PEM text of a platform certificate (平台证书)'), {
        maxItems: 20,
        description:
          'platform certificates that are known, as PEM texts; others are downloaded when a new ' +
          'serial appears',
        whereFound: 'GET /v3/certificates',
      }),
    ),
    platformRootCertificate: Type.Optional(
      pem(
        'the PEM text of the root that platform certificates must be of; without it the APIv3 key ' +
          'alone vouches for them',
      ),
    ),
    endpoints: Type.Object(
      {
        api: Type.String({
          pattern: '^https?://[^/?#\\s]+$',
          description: 'the origin of the API, without a path',
        }),
        authorize: Type.String({
          pattern: '^https?://[^?#\\s]+$',
          description: 'the address that asks who the payer is, without a query',
        }),
        oauth: Type.String({
          pattern: '^https?://[^?#\\s]+$',
          description: 'the address that returns the openid, without a query',
        }),
      },
      { additionalProperties: false },
    ),
  },
  { additionalProperties: false },
);

/** A second-level merchant's number. */
export const wechatpayMerchantSchema = Type.String({
  pattern: '^[0-9]{8,32}$',
  description: 'a sub_mchid: 8 to 32 digits',
});

export type WechatpayCredentials = Static<typeof wechatpayCredentialsSchema>;
