/**
 * The switch's own table: which institution's app may pay which other's codes. An operator edits it
 * as a whole; it is kept in the journal and starts with the announced pairs. It is independent of a
 * marketplace's table: that one decides what is offered, this one what works.
 */
import {
  ANNOUNCED_PAIRS,
  type InterconnectPair,
  type InterconnectTable,
  mayScan,
} from '../../src/kernel/interconnect.ts';
import { err, ok, type Result } from '../../src/kernel/result.ts';
import { WALLET_NAMES } from '../../src/kernel/wallet-names.ts';
import {
  type InputError,
  inputError,
  invalid,
  type JsonObject,
  oneOf,
  readMember,
} from '../http/json.ts';
import type { Journal } from '../kit/kit.ts';

const KEY = 'table';

export interface SwitchTable {
  readonly pairs: () => InterconnectTable;
  readonly replace: (pairs: InterconnectTable) => void;
  readonly mayPay: (pair: InterconnectPair) => boolean;
}

export function openSwitchTable(journal: Journal): SwitchTable {
  const kept = journal.collection<InterconnectTable>('switch.table');
  const pairs = () => kept.get(KEY) ?? ANNOUNCED_PAIRS;
  return {
    pairs,
    replace: (next) => kept.put(KEY, next),
    mayPay: (pair) => mayScan(pairs(), pair),
  };
}

/** `{pairs: [{payer_wallet, acceptor_wallet}]}`: the whole table. */
export function readTable(body: JsonObject): Result<InterconnectTable, InputError> {
  if (!Array.isArray(body.pairs)) {
    const message = 'pairs is a list of {payer_wallet, acceptor_wallet}; an empty list ends all';
    return err(inputError('parameter_missing', 'pairs', message));
  }
  const pairs: InterconnectPair[] = [];
  for (const [index, row] of body.pairs.entries()) {
    const pair = readPair(row, `pairs[${index}]`);
    if (!pair.ok) return pair;
    const { payer, acceptor } = pair.value;
    if (pairs.some((known) => known.payer === payer && known.acceptor === acceptor)) {
      return invalid(`pairs[${index}]`, 'this pair is there twice');
    }
    pairs.push(pair.value);
  }
  return ok(pairs);
}

function readPair(row: unknown, where: string): Result<InterconnectPair, InputError> {
  const members = readMember(row, ['payer_wallet', 'acceptor_wallet'], where);
  if (!members.ok) return members;
  const { payer_wallet, acceptor_wallet } = members.value;
  const payer = oneOf(`${where}.payer_wallet`, payer_wallet, WALLET_NAMES);
  if (!payer.ok) return payer;
  const acceptor = oneOf(`${where}.acceptor_wallet`, acceptor_wallet, WALLET_NAMES);
  if (!acceptor.ok) return acceptor;
  return payer.value === acceptor.value
    ? invalid(where, 'payer_wallet and acceptor_wallet are two; each wallet pays its own codes')
    : ok({ payer: payer.value, acceptor: acceptor.value });
}
