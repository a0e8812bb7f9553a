/**
 * Which configurations their wallet refuses: its credentials or permissions, not an order. A
 * process remembers each one's last word and writes it down once a minute, all in one statement
 * beside the lanes, so that `hutong doctor` in another process sees it. No call waits for it; an
 * operation that works again takes back its own refusal only.
 *
 * What is remembered and logged is the wallet's code and message, never a credential or a payer's.
 */
import type { Id } from '../../kernel/id.ts';
import type { WalletError } from '../../kernel/wallet-names.ts';
import type { Clock } from '../../runtime/clock.ts';
import { noteRefusals, type RefusalNote } from '../../store/wallet/configs.ts';
import type { Wallet } from '../../wallets/wallet.ts';
import type { OpenedWallet } from '../base/directory.ts';
import type { Platform } from '../base/platform.ts';
import { describe } from '../base/wallet-call.ts';

const EVERY_MS = 60_000;

interface LastWord extends RefusalNote {
  /** Of the credentials that it speaks of: another one by the time of writing = renewed since. */
  readonly wallet: Wallet;
}

export interface CredentialRefusals {
  /** True: its first in a minute, to be logged. */
  readonly refused: (opened: OpenedWallet, operation: string, error: WalletError) => boolean;
  /** The wallet took our credentials for this operation. */
  readonly accepted: (opened: OpenedWallet, operation: string) => void;
  /** What was seen since the last time: one word a configuration. */
  readonly take: () => readonly LastWord[];
}

export function createCredentialRefusals(wall: Clock): CredentialRefusals {
  // Both are never longer than the table of configurations.
  const loggedAtMs = new Map<Id<'wallet_config'>, number>();
  let seen = new Map<Id<'wallet_config'>, LastWord>();
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

/** Writes again and again until told to stop, and a last time then. */
export function startWritingRefusals(
  platform: Platform,
  everyMs = EVERY_MS,
): { readonly stop: () => Promise<void> } {
  let underWay: Promise<void> = Promise.resolve();
  const write = (): Promise<void> => {
    underWay = underWay.then(() => writeRefusals(platform));
    return underWay;
  };
  const timer = setInterval(() => void write(), everyMs).unref();
  return {
    stop: () => {
      clearInterval(timer);
      return write();
    },
  };
}

async function writeRefusals(platform: Platform): Promise<void> {
  const { db, directory, credentialRefusals, log } = platform;
  const words = credentialRefusals.take();
  if (words.length === 0) return;
  try {
    const notes: RefusalNote[] = [];
    for (const word of words) {
      const opened = await directory.wallet(word.id);
      if (opened?.wallet === word.wallet) notes.push(word);
    }
    if (notes.length > 0) await noteRefusals(db, notes);
  } catch (error) {
    log.warn({ defect: describe(error) }, 'what wallets said of our credentials was not written');
  }
}
