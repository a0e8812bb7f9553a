/**
 * A marketplace's interconnection table, read and edited by its operator. Any two wallets may be
 * paired: which pairs work is known to the institutions and not coded here; a pair that does not
 * work costs the buyer a scan, never money (docs/guides/interconnection.md).
 */

import { hutongError } from '../../kernel/errors.ts';
import type { Id } from '../../kernel/id.ts';
import { err } from '../../kernel/result.ts';
import {
  type InterconnectRow,
  putInterconnect,
  readInterconnects,
} from '../../store/offer/interconnects.ts';
import { auditNote } from '../audit/audit-log.ts';
import type { Outcome } from '../base/outcome.ts';
import type { Platform } from '../base/platform.ts';
import { attemptFind, attemptRead } from '../base/read-payment.ts';

export type Interconnect = InterconnectRow;

export async function listInterconnects(
  platform: Platform,
  marketplace: Id<'marketplace'>,
): Outcome<readonly Interconnect[]> {
  return attemptRead(() => readInterconnects(platform.db, marketplace));
}

/** Repeating it changes nothing; this process uses the new table for offers at once. */
export async function setInterconnect(
  platform: Platform,
  marketplace: Id<'marketplace'>,
  input: Omit<Interconnect, 'changedAtMs'> & { readonly by: string },
): Outcome<Interconnect> {
  if (input.payer === input.acceptor) {
    const message = 'payer_wallet and acceptor_wallet are two wallets; each pays its own codes';
    return err(hutongError('parameter_invalid', message, { param: 'acceptor_wallet' }));
  }
  const changedAtMs = platform.clock.nowMs();
  const { payer, acceptor, status, by: actor } = input;
  const note = auditNote(platform, { marketplace, actor, action: 'interconnect.set' });
  const pair = { payer, acceptor, status, changedAtMs };
  const unstored = hutongError('internal', 'the interconnection was not stored');
  const put = await attemptFind(
    () => putInterconnect(platform.db, marketplace, pair, note),
    unstored,
  );
  platform.directory.forget();
  return put;
}
