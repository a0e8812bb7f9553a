/** Parses `POST /control/faults`: unknown or contradictory parameters are refused. */

import { err, ok, type Result } from '../../src/kernel/result.ts';
import { WALLET_NAMES, type WalletName } from '../../src/kernel/wallet-names.ts';
import {
  type InputError,
  inputError,
  isObject,
  type JsonObject,
  unknownMember,
} from '../http/json.ts';
import type { ArmedFault, FaultOrder } from '../kit/fault-board.ts';
import { FAULTS, type FaultName, OPERATIONS } from '../kit/kit.ts';

const TIMES_MAX = 1_000_000;
const TEXT_CHARS_MAX = 128;
const CALLBACK_ONLY = (fault: FaultName) => fault.startsWith('callback_');

export function readFaultOrder(body: JsonObject): Result<FaultOrder, InputError> {
  const stray = unknownMember(body, ['wallet', 'match', 'fault', 'times']);
  if (stray !== undefined) return err(stray);
  const fault = oneOf(body.fault, FAULTS);
  if (fault === undefined) return err(notOneOf('fault', FAULTS));
  const wallet = body.wallet === undefined ? null : oneOf(body.wallet, WALLET_NAMES);
  if (wallet === undefined) return err(notOneOf('wallet', WALLET_NAMES));
  const times = body.times ?? 1;
  if (typeof times !== 'number' || !Number.isInteger(times) || times < 1 || times > TIMES_MAX) {
    const message = `times is an integer from 1 to ${TIMES_MAX}`;
    return err(inputError('parameter_invalid', 'times', message));
  }
  const match = readMatch(body.match, fault);
  return match.ok ? ok({ fault, wallet, times, ...match.value }) : match;
}

function readMatch(
  match: unknown,
  fault: FaultName,
): Result<Pick<FaultOrder, 'orderNo' | 'merchant' | 'operation'>, InputError> {
  if (match === undefined) return ok({ orderNo: null, merchant: null, operation: null });
  if (!isObject(match)) {
    return err(inputError('parameter_invalid', 'match', 'match is an object'));
  }
  const stray = unknownMember(match, ['order_no', 'merchant', 'operation'], 'match.');
  if (stray !== undefined) return err(stray);
  for (const name of ['order_no', 'merchant']) {
    const text = match[name];
    if (text !== undefined && !isShortText(text)) {
      const message = `match.${name} is a text of 1 to ${TEXT_CHARS_MAX} characters`;
      return err(inputError('parameter_invalid', `match.${name}`, message));
    }
  }
  const operation = match.operation === undefined ? null : oneOf(match.operation, OPERATIONS);
  if (operation === undefined) return err(notOneOf('match.operation', OPERATIONS));
  if (operation !== null && operation !== 'callback' && CALLBACK_ONLY(fault)) {
    const message = `${fault} happens to the operation callback only`;
    return err(inputError('parameter_invalid', 'match.operation', message));
  }
  return ok({
    orderNo: (match.order_no as string | undefined) ?? null,
    merchant: (match.merchant as string | undefined) ?? null,
    operation,
  });
}

export function presentFault(fault: ArmedFault): Record<string, unknown> {
  const match: Record<string, string> = {};
  if (fault.orderNo !== null) match.order_no = fault.orderNo;
  if (fault.merchant !== null) match.merchant = fault.merchant;
  if (fault.operation !== null) match.operation = fault.operation;
  const { id, wallet, times } = fault;
  return { id, wallet, match, fault: fault.fault, times, times_left: fault.timesLeft };
}

export function readWallet(value: unknown): WalletName | undefined {
  return oneOf(value, WALLET_NAMES);
}

export function notOneOf(param: string, known: readonly string[]): InputError {
  return inputError('parameter_invalid', param, `${param} is one of: ${known.join(', ')}`);
}

function oneOf<T extends string>(value: unknown, known: readonly T[]): T | undefined {
  return known.find((item) => item === value);
}

function isShortText(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= TEXT_CHARS_MAX;
}
