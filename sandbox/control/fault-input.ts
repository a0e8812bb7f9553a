/** Parses `POST /control/faults`: unknown or contradictory parameters are refused. */

import { ok, type Result } from '../../src/kernel/result.ts';
import { WALLET_NAMES } from '../../src/kernel/wallet-names.ts';
import { type InputError, invalid, type JsonObject, oneOf, readMember } from '../http/json.ts';
import type { ArmedFault, FaultOrder } from '../kit/fault-board.ts';
import { FAULTS, type FaultName, OPERATIONS } from '../kit/kit.ts';

const TIMES_MAX = 1_000_000;
const TEXT_CHARS_MAX = 128;
const CALLBACK_ONLY = (fault: FaultName) => fault.startsWith('callback_');

export function readFaultOrder(body: JsonObject): Result<FaultOrder, InputError> {
  const fault = oneOf('fault', body.fault, FAULTS);
  if (!fault.ok) return fault;
  const wallet = optional('wallet', body.wallet, WALLET_NAMES);
  if (!wallet.ok) return wallet;
  const times = body.times ?? 1;
  if (typeof times !== 'number' || !Number.isInteger(times) || times < 1 || times > TIMES_MAX) {
    return invalid('times', `times is an integer from 1 to ${TIMES_MAX}`);
  }
  const match = readMatch(body.match ?? {}, fault.value);
  if (!match.ok) return match;
  return ok({ fault: fault.value, wallet: wallet.value, times, ...match.value });
}

function readMatch(
  given: unknown,
  fault: FaultName,
): Result<Pick<FaultOrder, 'orderNo' | 'merchant' | 'operation'>, InputError> {
  const match = readMember(given, ['order_no', 'merchant', 'operation'], 'match');
  if (!match.ok) return match;
  const { order_no: orderNo = null, merchant = null } = match.value;
  const wrong = `is a text of 1 to ${TEXT_CHARS_MAX} characters`;
  if (!isShortText(orderNo)) return invalid('match.order_no', `match.order_no ${wrong}`);
  if (!isShortText(merchant)) return invalid('match.merchant', `match.merchant ${wrong}`);
  const operation = optional('match.operation', match.value.operation, OPERATIONS);
  if (!operation.ok) return operation;
  const isElsewhere = operation.value !== null && operation.value !== 'callback';
  return isElsewhere && CALLBACK_ONLY(fault)
    ? invalid('match.operation', `${fault} happens to the operation callback only`)
    : ok({ orderNo, merchant, operation: operation.value });
}

/** null = any. */
function optional<T extends string>(
  param: string,
  value: unknown,
  known: readonly T[],
): Result<T | null, InputError> {
  return value === undefined ? ok(null) : oneOf(param, value, known);
}

export function presentFault(fault: ArmedFault): Record<string, unknown> {
  const match: Record<string, string> = {};
  if (fault.orderNo !== null) match.order_no = fault.orderNo;
  if (fault.merchant !== null) match.merchant = fault.merchant;
  if (fault.operation !== null) match.operation = fault.operation;
  const { id, wallet, times } = fault;
  return { id, wallet, match, fault: fault.fault, times, times_left: fault.timesLeft };
}

function isShortText(value: unknown): value is string | null {
  if (value === null) return true;
  return typeof value === 'string' && value.length > 0 && value.length <= TEXT_CHARS_MAX;
}
