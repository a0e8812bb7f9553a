/**
 * Opens credentials: parses every key once into a key object and reports, field by field, what is
 * wrong and how to fix it. No key text is kept, and no message contains one.
 */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { ok, type Result } from '../../kernel/result.ts';
import type { WalletIdentity } from '../../kernel/wallet-names.ts';
import { readRsaPrivateKey, readRsaPublicKey } from '../../wires/keys/rsa-text.ts';
import {
  type SamplepayCredentials,
  samplepayCredentialsSchema,
} from '../../wires/samplepay/credentials.ts';
import { type ConfigProblem, checkCredentials, problemWith } from '../credentials.ts';

export interface SamplepayConfig {
  readonly merchant: string;
  readonly privateKey: KeyObject;
  readonly walletPublicKey: KeyObject;
  readonly endpoints: SamplepayCredentials['endpoints'];
}

const MODULUS_BITS_MIN = 2_048;

/** README.md has it with its source; a test gateway goes beside it as TEST_ENDPOINTS. */
export const LIVE_ENDPOINTS = { gateway: 'https://gateway.samplepay.example' };

export function openConfig(given: unknown): Result<SamplepayConfig, ConfigProblem> {
  const checked = checkCredentials(samplepayCredentialsSchema, given);
  if (!checked.ok) return checked;
  const { merchant, endpoints } = checked.value;
  const privateKey = readRsaPrivateKey(checked.value.privateKey, MODULUS_BITS_MIN);
  if (privateKey === undefined) {
    return problemWith(
      'privateKey',
      'is no RSA private key of 2048 bits or more: PEM or bare base64',
    );
  }
  const walletPublicKey = readRsaPublicKey(checked.value.walletPublicKey, MODULUS_BITS_MIN);
  if (walletPublicKey === undefined) {
    return problemWith(
      'walletPublicKey',
      'is no RSA public key: copy the one that the console shows',
    );
  }
  // The most common mix-up; otherwise it shows only as answers that never verify.
  if (walletPublicKey.equals(createPublicKey(privateKey))) {
    return problemWith('walletPublicKey', "is your own public key: copy the wallet's");
  }
  return ok({ merchant, privateKey, walletPublicKey, endpoints });
}

/** The numbers that its orders are created under; a different one is another account. */
export function identityOf({ merchant }: SamplepayCredentials): WalletIdentity {
  return { merchant };
}
