/**
 * What the phone presents to a merchant: a new payment code, drawn, and the answer of a tap. Only
 * what the wallet's gateway supports; other wallets refuse.
 */
import { fenFromJson } from '../../src/kernel/money.ts';
import { WALLET_NAMES } from '../../src/kernel/wallet-names.ts';
import { inputErrorAnswer, jsonAnswer, jsonError, oneOf, readObject } from '../http/json.ts';
import type { Gateway, WireRequest, WireResponse } from '../kit/kit.ts';
import { codeDigits, codePicture } from './code-picture.ts';

/** How long an app shows one code before it draws the next. */
const CODE_SHOWN_SECONDS = 60;
/** 9F02 holds twelve digits. */
const TAP_FEN_MAX = 999_999_999_999n;

/** `{wallet}` -> `{auth_code}` and how to show it. */
export function showCode(gateways: readonly Gateway[], request: WireRequest): WireResponse {
  const body = readObject(request, ['wallet']);
  const wallet = body.ok ? oneOf('wallet', body.value.wallet, WALLET_NAMES) : body;
  if (!wallet.ok) return inputErrorAnswer(wallet.error);
  const gateway = gateways.find((each) => each.wallet === wallet.value);
  if (gateway?.showCode === undefined) {
    const message = `${wallet.value} shows no payment code in this city`;
    return jsonError(400, 'wallet_not_available', message, 'wallet');
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
  const body = readObject(request, ['amount']);
  if (!body.ok) return inputErrorAnswer(body.error);
  const amountFen = fenFromJson(body.value.amount);
  if (amountFen === undefined || amountFen <= 0n || amountFen > TAP_FEN_MAX) {
    const message = `amount is what the terminal asks for, in fen, 1 to ${TAP_FEN_MAX}`;
    return jsonError(400, 'parameter_invalid', message, 'amount');
  }
  const gateway = gateways.find((each) => each.tap !== undefined);
  if (gateway?.tap === undefined) {
    return jsonError(409, 'wallet_not_available', 'no wallet of this city can tap', 'amount');
  }
  return jsonAnswer(200, await gateway.tap({ amountFen }));
}
