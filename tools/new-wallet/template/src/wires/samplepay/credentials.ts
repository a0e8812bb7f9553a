/**
 * What one marketplace's account at Sample Pay is configured with; both ends of the wire know
 * this shape. Each field says what it is and where it is found: `hutong wallet template` and
 * docs/reference/credentials.md are made of that.
 */
import { type Static, Type } from 'typebox';

const CONSOLE = 'the console, developer settings';
const text = (description: string, whereFound: string) =>
  Type.String({ minLength: 1, maxLength: 16_384, description, whereFound });

export const samplepayCredentialsSchema = Type.Object(
  {
    merchant: Type.String({
      pattern: '^[0-9A-Za-z]{1,32}$',
      description: 'the number of the marketplace, at most 32 letters and digits',
      whereFound: CONSOLE,
    }),
    privateKey: text('your RSA private key: PEM or bare base64, 2048 bits', 'made by you'),
    walletPublicKey: text("the wallet's RSA public key, not your own", CONSOLE),
    endpoints: Type.Object(
      {
        gateway: Type.String({
          ...{ pattern: '^https?://[^/?#]+$', maxLength: 256 },
          description: 'the origin of the gateway, without a path',
        }),
      },
      { additionalProperties: false },
    ),
  },
  { additionalProperties: false },
);

/** A seller's number there. */
export const samplepayMerchantSchema = Type.String({
  pattern: '^[0-9A-Za-z]{1,64}$',
  description: 'the number of the seller, at most 64 letters and digits',
});

export type SamplepayCredentials = Static<typeof samplepayCredentialsSchema>;
