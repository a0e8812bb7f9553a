/**
 * What one application at Alipay is configured with; both ends of the wire know this shape. Keys
 * and certificates are text (PEM or the key tool's bare base64). `allOrNothingMerge` says whether
 * the account has the contract under which a merged payment succeeds or fails as a whole.
 */
import { type Static, Type } from 'typebox';

const text = Type.String({ minLength: 1, maxLength: 32_768 });
const url = Type.String({ pattern: '^https?://', maxLength: 512 });

export const alipayCredentialsSchema = Type.Object(
  {
    appId: Type.String({ pattern: '^[0-9]{16,32}$' }),
    pid: Type.String({ pattern: '^2088[0-9]{12}$' }),
    privateKey: text,
    keys: Type.Union([
      Type.Object(
        { mode: Type.Literal('key'), alipayPublicKey: text },
        { additionalProperties: false },
      ),
      Type.Object(
        {
          mode: Type.Literal('certificate'),
          appCert: text,
          /** More than one during a rotation. */
          alipayCerts: Type.Array(text, { minItems: 1, maxItems: 8 }),
          alipayRootCert: text,
        },
        { additionalProperties: false },
      ),
    ]),
    allOrNothingMerge: Type.Boolean(),
    endpoints: Type.Object(
      {
        gateway: url,
        /** When given, query, create, close and refund travel over protocol v3. */
        v3: Type.Optional(url),
        authorize: url,
      },
      { additionalProperties: false },
    ),
  },
  { additionalProperties: false },
);

export type AlipayCredentials = Static<typeof alipayCredentialsSchema>;
