/**
 * Which configurations are refused by their wallet: for their credentials or permissions, not for
 * an order. A process remembers the last result per configuration and writes all of them once a
 * minute in one statement outside the lanes, so that `hutong doctor` in another process sees it. No
 * call waits for it; an operation that works again clears its own refusal only.
 *
 * What is stored and logged is the wallet's code and message, never a credential or a payer's data.
 */
import type { Id } from '../../kernel/id.ts';
import type { WalletError } from '../../kernel/wallet-names.ts';
import { type Chore, startWriting } from '../../runtime/chore.ts';
import type { Clock } from '../../runtime/clock.ts';
import { noteRefusals, type RefusalNote } from '../../store/wallet/configs.ts';
import type { Wallet } from '../../wallets/wallet.ts';
import type { OpenedWallet } from '../base/directory.ts';
import type { Platform } from '../base/platform.ts';
import { describe } from '../base/wallet-call.ts';

const EVERY_MS = 60_000;

interface LastRefusal extends RefusalNote {
  /**
   * The wallet opened with the credentials that it concerns: a different one when it is written =
   * renewed since.
   */
  readonly wallet: Wallet;
}

export interface CredentialRefusals {
  /** True: the first within a minute, to be logged. */
  readonly refused: (opened: OpenedWallet, operation: string, error: WalletError) => boolean;
  /** The wallet accepted our credentials for this operation. */
  readonly accepted: (opened: OpenedWallet, operation: string) => void;
  /** What was seen since the last call: one entry per configuration. */
  readonly take: () => readonly LastRefusal[];
}

export function createCredentialRefusals(wall: Clock): CredentialRefusals {
  // Neither is ever longer than the table of configurations.
  const loggedAtMs = new Map<Id<'wallet_config'>, number>();
  let seen = new Map<Id<'wallet_config'>, LastRefusal>();
  return {
    refused: ({ config: id, wallet }, operation, { code, message }) => {
      const atMs = wall.nowMs();
      seen.set(id, { id, wallet, operation, refusal: { atMs, operation, code, message } });
      const isLogged = atMs - (loggedAtMs.get(id) ?? Number.NEGATIVE_INFINITY) < EVERY_MS;
      if (!isLogged) loggedAtMs.set(id, atMs);
      return !isLogged;
    },
    accepted: ({ config: id, wallet, refusedOperation }, operation) => {
      const refused = seen.get(id)?.operation ?? refusedOperation;
      if (refused === operation) seen.set(id, { id, wallet, operation, refusal: null });
    },
    take: () => {
      const taken = [...seen.values()];
      seen = new Map();
      return taken;
    },
  };
}

/** Writes repeatedly until it is stopped, and once more then. */
export function startWritingRefusals(platform: Platform, everyMs = EVERY_MS): Chore {
  return startWriting(everyMs, () => writeRefusals(platform));
}

async function writeRefusals(platform: Platform): Promise<void> {
  const { db, directory, credentialRefusals, log } = platform;
  const latest = credentialRefusals.take();
  if (latest.length === 0) return;
  try {
    const notes: RefusalNote[] = [];
    for (const note of latest) {
      const opened = await directory.wallet(note.id);
      if (opened?.wallet === note.wallet) notes.push(note);
    }
    if (notes.length > 0) await noteRefusals(db, notes);
  } catch (error) {
    log.warn({ defect: describe(error) }, 'wallets’ refusals of our credentials were not written');
  }
}
