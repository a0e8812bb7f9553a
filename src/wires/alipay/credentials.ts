/**
 * The configuration of one application at Alipay; both ends of the wire use this shape. Keys and
 * certificates are text (PEM or the key tool's bare base64). `allOrNothingMerge` says whether the
 * account has the contract under which a merged payment succeeds or fails as a whole. Each field
 * states what it is and where to find it: `hutong wallet template` and
 * docs/reference/credentials.md are generated from that.
 */
import { type Static, Type } from 'typebox';

const APPLICATION = "open platform (开放平台), the application's page";
const text = (description: string, whereFound: string) =>
  Type.String({ minLength: 1, maxLength: 32_768, description, whereFound });
const url = (description: string) =>
  Type.String({ pattern: '^https?://', maxLength: 512, description });

export const alipayCredentialsSchema = Type.Object(
  {
    appId: Type.String({
      pattern: '^[0-9]{16,32}$',
      description: "the application's app_id, 16 to 32 digits",
      whereFound: APPLICATION,
    }),
    pid: Type.String({
      pattern: '^2088[0-9]{12}$',
      description: "the platform's partner number (PID): 2088 and 12 digits",
      whereFound: 'open platform (开放平台)',
    }),
    privateKey: text(
      'the application private key (应用私钥), RSA of 2048 bits or more: PEM (PKCS#1 or PKCS#8) or ' +
        'the bare base64 that the key tool shows',
      'made by you, with the key tool',
    ),
    keys: Type.Union(
      [
        Type.Object(
          {
            mode: Type.Literal('key'),
            alipayPublicKey: text(
              "Alipay's public key (支付宝公钥), not your application public key (应用公钥)",
              `${APPLICATION}, after your public key was uploaded`,
            ),
          },
          { additionalProperties: false },
        ),
        Type.Object(
          {
            mode: Type.Literal('certificate'),
            appCert: text('the PEM text of appCertPublicKey_<app_id>.crt', APPLICATION),
            alipayCerts: Type.Array(
              text('the PEM text of alipayCertPublicKey_RSA2.crt', APPLICATION),
              {
                minItems: 1,
                maxItems: 8,
                description:
                  'a list of PEM texts of alipayCertPublicKey_RSA2.crt; more than one during a ' +
                  'rotation',
                whereFound: APPLICATION,
              },
            ),
            alipayRootCert: text('the PEM text of alipayRootCert.crt', APPLICATION),
          },
          { additionalProperties: false },
        ),
      ],
      { description: 'how the application signs: with keys, or with certificates' },
    ),
    allOrNothingMerge: Type.Boolean({
      description:
        'true if the account has the contract under which a merged payment succeeds or fails as a ' +
        'whole: without it, carts of several merchants are not offered',
      whereFound: 'your contract with Alipay',
      default: false,
    }),
    endpoints: Type.Object(
      {
        gateway: url('the gateway of protocol v2, with its path'),
        v3: Type.Optional(
          url('the origin of protocol v3, which no money travels over: not needed'),
        ),
        authorize: url('the address that asks who the payer is, without a query'),
      },
      { additionalProperties: false },
    ),
  },
  { additionalProperties: false },
);

/** A second-level merchant's number. */
export const alipayMerchantSchema = Type.String({
  pattern: '^2088[0-9]{12}$',
  description: 'a smid: 2088 and 12 digits',
});

export type AlipayCredentials = Static<typeof alipayCredentialsSchema>;
