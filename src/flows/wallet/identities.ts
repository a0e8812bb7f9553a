/**
 * Backfills the identity of configurations stored before identities were kept, from their
 * credentials: once each, in a transaction of its own, by whichever process comes first. A
 * configuration that does not open is reported and left alone; nothing is guessed or overwritten.
 */

import { describeIdentity } from '../../core/wallet/config.ts';
import type { Db } from '../../database/db.ts';
import type { Result } from '../../kernel/result.ts';
import { identifyConfig, readConfigs, type WalletConfigRow } from '../../store/wallet/configs.ts';
import { walletModule } from '../../wallets/registry.ts';

export interface IdentifyOptions {
  readonly db: Db;
  /** The credentials in the clear. */
  readonly open: (row: WalletConfigRow) => Result<string, string> | Promise<Result<string, string>>;
  readonly onKnown: (row: WalletConfigRow, identity: string) => void;
  readonly onUnknown: (row: WalletConfigRow, problem: string) => void;
}

export async function identifyConfigs(options: IdentifyOptions): Promise<void> {
  const { db, open, onKnown, onUnknown } = options;
  for (const row of await readConfigs(db)) {
    const module = walletModule(row.wallet);
    if (row.identity !== null || module === undefined) continue;
    const clear = await open(row);
    if (!clear.ok) {
      onUnknown(row, `whose account it is cannot be read: ${clear.error}`);
      continue;
    }
    const identity = module.identityOf(JSON.parse(clear.value));
    if (identity === undefined) {
      onUnknown(row, 'whose account it is cannot be read: its credentials are not well formed');
    } else if (await identifyConfig(db, row, identity)) {
      onKnown(row, describeIdentity(identity));
    } else if (await isStillUnknown(db, row)) {
      const named = describeIdentity(identity);
      onUnknown(row, `another configuration of this marketplace is already of ${named}`);
    }
  }
}

/** Only if no other process was faster and its credentials were not renewed meanwhile. */
async function isStillUnknown(db: Db, { id, sealed }: WalletConfigRow): Promise<boolean> {
  const rows = await readConfigs(db);
  return rows.some((row) => row.id === id && row.sealed === sealed && row.identity === null);
}
