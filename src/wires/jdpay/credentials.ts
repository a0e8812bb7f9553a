/**
 * The configuration of one marketplace's account at JD Pay; both ends of the wire use this shape.
 * JD gives online payments and payment codes separate merchant numbers and keys, so there are two;
 * without the second one payment codes are not accepted. Each field states what it is and where to
 * find it: `hutong wallet template` and docs/reference/credentials.md are generated from that.
 */
import { type Static, Type } from 'typebox';

const CONTRACT = 'from JD, with the contract';
const text = (description: string, whereFound: string) =>
  Type.String({ minLength: 1, maxLength: 16_384, description, whereFound });
const url = (description: string) =>
  Type.String({ pattern: '^https?://[^/?#]+$', maxLength: 256, description });
const codes = (description: string) =>
  Type.Array(
    Type.String({ pattern: '^[0-9A-Za-z_.-]{1,32}$', description: 'a result code of JD' }),
    { maxItems: 256, description, whereFound: "JD's contract or support" },
  );

const keySet = (use: string) => ({
  merchant: Type.String({
    pattern: '^[0-9A-Za-z]{1,32}$',
    description: `the merchant number for ${use}, at most 32 letters and digits`,
    whereFound: CONTRACT,
  }),
  privateKey: text(
    `your RSA private key for ${use}: PEM or bare base64, 2048 bits (1024 are taken)`,
    'made by you, or from JD',
  ),
  jdPublicKey: text(`JD's RSA public key for ${use}, not your own`, CONTRACT),
  desKey: text(`the 3DES key for ${use}: base64 of 24 bytes`, CONTRACT),
});

export const jdpayCredentialsSchema = Type.Object(
  {
    online: Type.Object(keySet('online payment'), { additionalProperties: false }),
    paymentCode: Type.Optional(
      Type.Object(
        {
          ...keySet('payment codes'),
          device: Type.String({
            pattern: '^[0-9A-Za-z_-]{1,32}$',
            description: 'the terminal that scans, at most 32 letters, digits, - and _',
            whereFound: 'named by you: JD wants one with every payment code',
          }),
        },
        {
          additionalProperties: false,
          description:
            'the second merchant number, for payment codes (付款码), which are not taken without it',
        },
      ),
    ),
    endpoints: Type.Object(
      {
        api: url('the origin of the XML interface, without a path'),
        pc: url('the origin of the page for computers, without a path'),
        h5: url('the origin of the page for phones, without a path'),
      },
      { additionalProperties: false },
    ),
    /**
     * JD publishes no reliable list of result codes, and a refusal is not signed. The contract with
     * JD defines codes; those are configured here, and every other code is `unknown`.
     */
    resultCodes: Type.Optional(
      Type.Object(
        {
          orderNotFound: Type.Optional(
            codes(
              'a list of result codes that mean: no such order (answers to query and revoke); ' +
                'without one, an order unknown to JD stays unknown for ever',
            ),
          ),
          refused: Type.Optional(
            codes(
              'a list of result codes that mean: refused for good (answers to order and refund), ' +
                'so that nothing can come of the number',
            ),
          ),
          credentialsRefused: Type.Optional(
            codes(
              'a list of result codes that mean: your own keys, number or permissions are refused; ' +
                'they fail nothing unless `refused` names them too',
            ),
          ),
        },
        {
          additionalProperties: false,
          description: 'what your contract says of result codes; every other code is unknown',
        },
      ),
    ),
  },
  { additionalProperties: false },
);

/** Sellers have no account at JD: the platform collects for them under its own numbers. */
export const jdpayMerchantSchema = Type.String({
  pattern: '^[0-9A-Za-z_-]{1,64}$',
  description:
    'a number of your own for the seller, at most 64 letters, digits, - and _ (sellers have no ' +
    'account at JD)',
});

export type JdpayCredentials = Static<typeof jdpayCredentialsSchema>;
