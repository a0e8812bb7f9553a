/**
 * What one marketplace's account at JD Pay is configured with; both ends of the wire know this
 * shape. JD keeps online payment and payment codes under merchant numbers and keys of their own,
 * so there are two; without the second one payment codes are not taken.
 */
import { type Static, Type } from 'typebox';

const text = Type.String({ minLength: 1, maxLength: 16_384 });
const url = Type.String({ pattern: '^https?://[^/?#]+$', maxLength: 256 });
const codes = Type.Array(Type.String({ pattern: '^[0-9A-Za-z_.-]{1,32}$' }), { maxItems: 256 });

const keySet = {
  merchant: Type.String({ pattern: '^[0-9A-Za-z]{1,32}$' }),
  /** The merchant's RSA private key, PEM or bare base64. */
  privateKey: text,
  /** JD's RSA public key. */
  jdPublicKey: text,
  /** 24 bytes in base64. */
  desKey: text,
};

export const jdpayCredentialsSchema = Type.Object(
  {
    online: Type.Object(keySet, { additionalProperties: false }),
    paymentCode: Type.Optional(
      Type.Object(
        {
          ...keySet,
          /** The terminal that scans; JD wants one with every payment code. */
          device: Type.String({ pattern: '^[0-9A-Za-z_-]{1,32}$' }),
        },
        { additionalProperties: false },
      ),
    ),
    endpoints: Type.Object(
      {
        /** Origins, without a path. */
        api: url,
        pc: url,
        h5: url,
      },
      { additionalProperties: false },
    ),
    /**
     * JD publishes no list of result codes that could be relied on, and a refusal is not signed.
     * What the contract with JD says of a code is named here; every other code is `unknown`.
     */
    resultCodes: Type.Optional(
      Type.Object(
        {
          /** No such order: answers to query and revoke. */
          orderNotFound: Type.Optional(codes),
          /** Refused for good, so that nothing can come of the number: order creation, refund. */
          refused: Type.Optional(codes),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
);

export type JdpayCredentials = Static<typeof jdpayCredentialsSchema>;
