/**
 * A marketplace's interconnection table, read and edited by its operator. Any two wallets may be
 * paired: which pairs work is known to the institutions and not coded here; a pair that does not
 * work costs the buyer a scan, never money (docs/guides/interconnection.md).
 */

import { type HutongError, hutongError } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/id.ts';
import type { InterconnectPair } from '../../kernel/interconnect.ts';
import { err, ok, type Result } from '../../kernel/result.ts';
import {
  type InterconnectRow,
  putInterconnect,
  readInterconnects,
} from '../../store/offer/interconnects.ts';
import { auditNote } from '../audit/audit-log.ts';
import type { Platform } from '../base/platform.ts';
import { attemptRead } from '../base/read-payment.ts';

export interface InterconnectInput extends InterconnectPair {
  readonly status: 'active' | 'paused';
}

export interface Interconnect extends InterconnectInput {
  readonly changedAtMs: number;
}

export async function listInterconnects(
  platform: Platform,
  marketplace: Id<'marketplace'>,
): Promise<Result<readonly InterconnectRow[], HutongError>> {
  return attemptRead(() => readInterconnects(platform.db, marketplace));
}

/** Repeating it changes nothing; this process uses the new table for offers at once. */
export async function setInterconnect(
  platform: Platform,
  marketplace: Id<'marketplace'>,
  input: InterconnectInput & { readonly by: string },
): Promise<Result<InterconnectRow, HutongError>> {
  if (input.payer === input.acceptor) {
    const message = 'payer_wallet and acceptor_wallet are two wallets; each pays its own codes';
    return err(hutongError('parameter_invalid', message, { param: 'acceptor_wallet' }));
  }
  const changedAtMs = platform.clock.nowMs();
  const { payer, acceptor, status, by: actor } = input;
  const note = auditNote(platform, { marketplace, actor, action: 'interconnect.set' });
  const pair = { payer, acceptor, status, changedAtMs };
  const row = await attemptRead(() => putInterconnect(platform.db, marketplace, pair, note));
  platform.directory.forget();
  if (!row.ok) return row;
  return row.value === undefined
    ? err(hutongError('internal', 'the interconnection was not stored'))
    : ok(row.value);
}
