/**
 * What the API answered about old data, compared with now: every property has its value, and every
 * row of a list still exists. New properties and new rows are no change. Whatever the platform had
 * in progress when it was stopped continues once it is opened: that one payment may have changed,
 * and balances.
 */
import type { Json } from '../helpers/api.ts';
import type { Recorded } from './old-home.ts';

/** Balances move with the refund that was under way; the ledger check holds them. */
const MOVING = new Set(['balance', 'escrow', 'available', 'owed']);

export function changesOf(recorded: Recorded, now: Recorded['answers']): string[] {
  const changes: string[] = [];
  for (const [marketplace, paths] of Object.entries(recorded.answers)) {
    for (const [path, answer] of Object.entries(paths)) {
      compare(`${marketplace} ${path}`, answer, now[marketplace]?.[path], changes);
    }
  }
  const moved = movedOf(recorded);
  return changes.filter((change) => !moved.some((id) => change.includes(id)));
}

/**
 * The refund that was under way, and its payment; the accounts of a merchant that got another one:
 * each start of the demo makes its own the current one.
 */
function movedOf({ answers, pendingRefund, twoAccounts }: Recorded): string[] {
  const refunds = Object.values(answers).map((own) => own[`/v1/refunds/${pendingRefund}`] as Json);
  const accounts = twoAccounts === undefined ? [] : [`${twoAccounts}].wallet_accounts`];
  return [
    pendingRefund,
    ...accounts,
    ...refunds.flatMap((refund) => refund?.payment_intent ?? []).map(String),
  ];
}

/** Ports are this run's own, the bazaar's endpoint among them. */
function textOf(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').replaceAll(/\b127\.0\.0\.1:\d+/g, '127.0.0.1');
}

function compare(at: string, then: unknown, now: unknown, changes: string[]): void {
  if (Array.isArray(then) && Array.isArray(now)) {
    compareRows(at, then, now, changes);
  } else if (isObject(then) && isObject(now)) {
    for (const [name, value] of Object.entries(then)) {
      if (isBalance(at) && MOVING.has(name)) continue;
      compare(`${at}.${name}`, value, now[name], changes);
    }
  } else if (textOf(then) !== textOf(now)) {
    changes.push(`${at}: it was ${textOf(then)}, and now is ${textOf(now)}`);
  }
}

function compareRows(at: string, then: unknown[], now: unknown[], changes: string[]): void {
  for (const [index, row] of then.entries()) {
    if (isOwedAlone(row)) continue;
    const name = nameOf(row);
    const twin = name === undefined ? now[index] : now.find((other) => nameOf(other) === name);
    compare(`${at}[${name ?? index}]`, row, twin, changes);
  }
}

/** What a merchant owed stood beside its wallets, and is now with its account there. */
function isOwedAlone(row: unknown): boolean {
  return isObject(row) && row.object === 'balance' && row.wallet === null;
}

/** Lists are compared by what identifies their rows: new rows may come before old ones. */
function nameOf(row: unknown): string | undefined {
  if (!isObject(row)) return undefined;
  // A merchant had one balance a wallet.
  const name = row.object === 'balance' ? `${row.merchant} ${row.wallet}` : (row.id ?? row.name);
  return typeof name === 'string' ? name : undefined;
}

function isBalance(at: string): boolean {
  return /\/v1\/(?:balances|ledger\/accounts)/.test(at);
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
