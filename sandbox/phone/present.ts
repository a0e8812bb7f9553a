/**
 * What the phone presents to a merchant: a new payment code, drawn, and the answer of a tap. Only
 * what the wallet's gateway supports; other wallets refuse.
 */
import { fenFromJson } from '../../src/kernel/money.ts';
import { WALLET_NAMES } from '../../src/kernel/wallet-names.ts';
import {
  inputError,
  inputErrorAnswer,
  jsonAnswer,
  jsonError,
  readObject,
  unknownMember,
} from '../http/json.ts';
import type { Gateway, WireRequest, WireResponse } from '../kit/kit.ts';
import { codeDigits, codePicture } from './code-picture.ts';

/** How long an app shows one code before it draws the next. */
const CODE_SHOWN_SECONDS = 60;
/** 9F02 holds twelve digits. */
const TAP_FEN_MAX = 999_999_999_999n;

/** `{wallet}` -> `{auth_code}` and how to show it. */
export function showCode(gateways: readonly Gateway[], request: WireRequest): WireResponse {
  const body = readObject(request);
  if (!body.ok) return inputErrorAnswer(body.error);
  const stray = unknownMember(body.value, ['wallet']);
  if (stray !== undefined) return inputErrorAnswer(stray);
  const wallet = WALLET_NAMES.find((name) => name === body.value.wallet);
  if (wallet === undefined) {
    const message = `wallet is one of: ${WALLET_NAMES.join(', ')}`;
    return inputErrorAnswer(inputError('parameter_invalid', 'wallet', message));
  }
  const gateway = gateways.find((each) => each.wallet === wallet);
  if (gateway?.showCode === undefined) {
    const message = `${wallet} shows no payment code in this city`;
    return inputErrorAnswer(inputError('wallet_not_available', 'wallet', message));
  }
  const code = gateway.showCode();
  return jsonAnswer(200, {
    auth_code: code,
    shown: codeDigits(code),
    picture: codePicture(code),
    consumer_code: gateway.showConsumerCode?.(code) ?? null,
    valid_seconds: CODE_SHOWN_SECONDS,
  });
}

/** `{amount}` -> `{field55, …}`: QuickPass alone taps. */
export async function tap(
  gateways: readonly Gateway[],
  request: WireRequest,
): Promise<WireResponse> {
  const body = readObject(request);
  if (!body.ok) return inputErrorAnswer(body.error);
  const stray = unknownMember(body.value, ['amount']);
  if (stray !== undefined) return inputErrorAnswer(stray);
  const amountFen = fenFromJson(body.value.amount);
  if (amountFen === undefined || amountFen <= 0n || amountFen > TAP_FEN_MAX) {
    const message = `amount is what the terminal asks for, in fen, 1 to ${TAP_FEN_MAX}`;
    return inputErrorAnswer(inputError('parameter_invalid', 'amount', message));
  }
  const gateway = gateways.find((each) => each.tap !== undefined);
  if (gateway?.tap === undefined) {
    return jsonError(409, 'wallet_not_available', 'no wallet of this city can tap', 'amount');
  }
  return jsonAnswer(200, await gateway.tap({ amountFen }));
}
