/**
 * `/phone`: the buyer's wallet apps. A scan shows payee and amount and is stored under a scan id;
 * paying it makes the wallet act as in reality, callbacks included. Another wallet's code can be
 * paid if the switch connects the two. The page at `/phone` uses these calls only.
 */
import { type Fen, fenFromJson, fenToJson } from '../../src/kernel/money.ts';
import { err, ok, type Result } from '../../src/kernel/result.ts';
import { WALLET_NAMES, type WalletName } from '../../src/kernel/wallet-names.ts';
import {
  type InputError,
  inputError,
  inputErrorAnswer,
  invalid,
  type JsonObject,
  jsonAnswer,
  jsonError,
  methodNotAllowed,
  oneOf,
  readMember,
  readObject,
} from '../http/json.ts';
import type { CityRequest } from '../http/server.ts';
import type { Collection, Gateway, PayRequest, Scanned, WireResponse } from '../kit/kit.ts';
import type { OpenedKit } from '../kit/open-kit.ts';
import type { Switch } from '../switch/switch.ts';
import { phoneAsset } from './assets.ts';
import { followCashier, isCashierUrl, isCounterUrl } from './cashier-jump.ts';
import { type PhoneCode, readCode } from './code-text.ts';
import { readEmvAddress } from './emv-address.ts';
import { type PhoneApp, phonePage } from './page.ts';
import { showCode, tap } from './present.ts';
import type { PhoneReach } from './reach.ts';
import type { StaticCodeLimit } from './static-code-limit.ts';

/** Older scans are dropped; a buyer pays within minutes. */
const SCAN_COUNT_MAX = 20_000;
const OUTCOMES = ['success', 'insufficient_funds', 'cancel'] as const;

export interface PhoneParts {
  readonly opened: OpenedKit;
  readonly gateways: readonly Gateway[];
  readonly switch: Switch;
  readonly staticCodeLimit: StaticCodeLimit;
  readonly reach: PhoneReach;
}

interface KeptScan {
  readonly id: string;
  readonly scanned: Scanned;
  readonly payerWallet: WalletName;
  /** Read from a fixed, printed code: the day's limit applies to it. */
  readonly isStatic?: boolean;
}

type Handler = (parts: PhoneParts, request: CityRequest) => WireResponse | Promise<WireResponse>;

const CALLS: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  ['/phone/scan', scan],
  ['/phone/code', ({ gateways }, request) => showCode(gateways, request)],
  ['/phone/tap', ({ gateways }, request) => tap(gateways, request)],
  ['/phone/pay', pay],
]);

export async function phone(parts: PhoneParts, request: CityRequest): Promise<WireResponse> {
  if (request.path === '/phone' || request.path === '/phone/') {
    return request.method === 'GET' ? phonePage(request, appsOf(parts)) : methodNotAllowed(['GET']);
  }
  const call = CALLS.get(request.path);
  if (call !== undefined) {
    return request.method === 'POST' ? call(parts, request) : methodNotAllowed(['POST']);
  }
  const asset = phoneAsset(request.path);
  return asset ?? jsonError(404, 'not_found', 'the phone has scan, pay, code and tap');
}

/** Four apps, whatever gateways there are: a wallet without one can still scan across. */
function appsOf({ gateways }: PhoneParts): PhoneApp[] {
  return WALLET_NAMES.map((wallet) => {
    const gateway = gateways.find((each) => each.wallet === wallet);
    const hasCode = gateway?.showCode !== undefined;
    return { wallet, hasCode, hasTap: gateway?.tap !== undefined };
  });
}

async function scan(parts: PhoneParts, request: CityRequest): Promise<WireResponse> {
  const body = readObject(request, ['wallet', 'code', 'amount']);
  const input = body.ok ? readScan(body.value) : body;
  if (!input.ok) return inputErrorAnswer(input.error);
  const { wallet, code } = input.value;
  const found = await scanCode(parts, input.value);
  if (!found.ok) return inputErrorAnswer(found.error, 422);
  const scanned = found.value;
  const id = `scan_${parts.opened.kit.random.bytes(16).toString('hex')}`;
  const isStatic = typeof code === 'string' && isCounterUrl(code);
  keepScan(scansOf(parts), { id, scanned, payerWallet: wallet, isStatic });
  return jsonAnswer(200, {
    scan: id,
    payee: scanned.payee,
    amount: fenToJson(scanned.amountFen),
    currency: scanned.currency.toLowerCase(),
    acceptor: scanned.wallet,
    state: scanned.state,
  });
}

interface ScanOrder {
  readonly wallet: WalletName;
  readonly code: PhoneCode;
  /** The amount that the buyer types for a counter's code. */
  readonly amountFen: Fen | null;
}

function readScan(body: JsonObject): Result<ScanOrder, InputError> {
  const named = oneOf('wallet', body.wallet, WALLET_NAMES);
  if (!named.ok) return named;
  const wallet = named.value;
  const read = readCode(body.code);
  const code = read.ok ? readEmvAddress(read.value, wallet) : read;
  if (!code.ok) return code;
  if (body.amount === undefined) return ok({ wallet, code: code.value, amountFen: null });
  const isCounter = typeof code.value === 'string' && isCounterUrl(code.value);
  const amountFen = fenFromJson(body.amount);
  if (!isCounter || amountFen === undefined || amountFen <= 0n) {
    const message = "amount is fen, 1 or more, and only for a merchant's counter code (/c/…)";
    return invalid('amount', message);
  }
  return ok({ wallet, code: code.value, amountFen });
}

/** What the code asks to be paid; a cashier URL is followed through the cashier. */
async function scanCode(
  parts: PhoneParts,
  { wallet, code, amountFen }: ScanOrder,
): Promise<Result<Scanned, InputError>> {
  const direct = await askGateways(parts, code);
  if (direct !== undefined) return checkWallet(parts, direct, { wallet, code });
  if (typeof code === 'string' && (isCashierUrl(code) || isCounterUrl(code))) {
    const { http } = parts.opened;
    const action = await followCashier({
      url: code,
      wallet,
      amountFen,
      http,
      reach: parts.reach,
      isWalletPage: async (url) => (await askGateways(parts, url)) !== undefined,
    });
    if (!action.ok) return action;
    const behind = await askGateways(parts, action.value);
    if (behind !== undefined) return checkWallet(parts, behind, { wallet, code: action.value });
  }
  const message = 'no wallet of this city knows that code';
  return err(inputError('code_not_recognized', 'code', message));
}

async function askGateways(parts: PhoneParts, code: PhoneCode): Promise<Scanned | undefined> {
  for (const gateway of parts.gateways) {
    const scanned = await gateway.scan(code);
    if (scanned !== undefined) return scanned;
  }
  return undefined;
}

/**
 * Its own code, or one of a wallet that the switch connects. Only scannable codes cross: a payment
 * sheet or an order string opens the one app that it was made for.
 */
function checkWallet(
  parts: PhoneParts,
  scanned: Scanned,
  { wallet, code }: { readonly wallet: WalletName; readonly code: PhoneCode },
): Result<Scanned, InputError> {
  if (scanned.wallet === wallet) return ok(scanned);
  const pair = { payer: wallet, acceptor: scanned.wallet };
  if (typeof code === 'string' && parts.switch.table.mayPay(pair)) return ok(scanned);
  const message = `that is a code of ${scanned.wallet}; ${wallet} cannot pay it`;
  return err(inputError('code_of_another_wallet', 'code', message));
}

function scansOf(parts: PhoneParts): Collection<KeptScan> {
  return parts.opened.journal.collection<KeptScan>('phone_scans');
}

/** Collections keep the order of their keys, so the first one is the oldest. */
function keepScan(scans: Collection<KeptScan>, kept: KeptScan): void {
  scans.put(kept.id, kept);
  if (scans.size() <= SCAN_COUNT_MAX) return;
  const oldest = scans.values().next().value;
  if (oldest !== undefined) scans.delete(oldest.id);
}

async function pay(parts: PhoneParts, request: CityRequest): Promise<WireResponse> {
  const body = readObject(request, ['scan', 'outcome', 'coupon']);
  if (!body.ok) return inputErrorAnswer(body.error);
  const id = body.value.scan;
  const kept = typeof id === 'string' ? scansOf(parts).get(id) : undefined;
  if (kept === undefined) return jsonError(404, 'scan_not_found', 'scan the code first', 'scan');
  const order = readPayment(body.value, kept);
  if (!order.ok) return inputErrorAnswer(order.error);
  const gateway = parts.gateways.find(({ wallet }) => wallet === kept.scanned.wallet);
  if (gateway === undefined) return jsonError(409, 'not_payable', 'its wallet is not here', 'scan');
  const across = checkAcross(parts, kept, order.value);
  if (across !== undefined) return inputErrorAnswer(across, 409);
  const isLimited = kept.isStatic === true && order.value.outcome === 'success';
  const payFen = kept.scanned.amountFen - couponFen(order.value);
  const taken = isLimited ? parts.staticCodeLimit.take(kept.payerWallet, payFen) : null;
  if (taken === undefined) return jsonAnswer(200, STATIC_CODE_REFUSAL);
  const { status, returnUrl } = await gateway.pay(order.value);
  if (status !== 'paid') taken?.release();
  if (kept.payerWallet !== kept.scanned.wallet) parts.switch.post();
  return jsonAnswer(200, { status, ...(returnUrl === undefined ? {} : { return_url: returnUrl }) });
}

/** In a wallet app's wording; nothing was paid, and the order can be paid in another way. */
const STATIC_CODE_REFUSAL = Object.freeze({
  status: 'static_code_limit',
  message: '静态收款码单日付款不得超过500元，请使用动态码或其他方式付款',
});

/** The table may have changed since the scan, and coupons are valid at one institution only. */
function checkAcross(
  parts: PhoneParts,
  { scanned, payerWallet }: KeptScan,
  order: PayRequest,
): InputError | undefined {
  if (scanned.wallet === payerWallet) return undefined;
  if (!parts.switch.table.mayPay({ payer: payerWallet, acceptor: scanned.wallet })) {
    const message = `${payerWallet} is no longer connected with ${scanned.wallet}`;
    return inputError('not_connected', 'scan', message);
  }
  if (couponFen(order) === 0n) return undefined;
  const message = `a coupon of ${scanned.wallet} cannot be used with ${payerWallet}`;
  return inputError('coupon_not_across', 'coupon', message);
}

function couponFen({ coupon }: PayRequest): Fen {
  return coupon.platformFen + coupon.merchantFen;
}

function readPayment(body: JsonObject, kept: KeptScan): Result<PayRequest, InputError> {
  const outcome = oneOf('outcome', body.outcome, OUTCOMES);
  if (!outcome.ok) return outcome;
  const coupon = readCoupon(body.coupon, kept.scanned.amountFen);
  if (!coupon.ok) return coupon;
  const { ref } = kept.scanned;
  return ok({ ref, payerWallet: kept.payerWallet, outcome: outcome.value, coupon: coupon.value });
}

function readCoupon(value: unknown, amountFen: Fen): Result<PayRequest['coupon'], InputError> {
  if (value === undefined || value === null) return ok({ platformFen: 0n, merchantFen: 0n });
  const given = readMember(value, ['platform', 'merchant'], 'coupon');
  if (!given.ok) return given;
  const parts: Fen[] = [];
  for (const name of ['platform', 'merchant']) {
    const fen = fenFromJson(given.value[name] ?? 0);
    if (fen === undefined || fen < 0n) {
      return invalid(`coupon.${name}`, `coupon.${name} is an integer of fen, 0 or more`);
    }
    parts.push(fen);
  }
  const [platformFen = 0n, merchantFen = 0n] = parts;
  if (platformFen + merchantFen > amountFen) {
    return err(inputError('coupon_too_large', 'coupon', 'coupons exceed the amount'));
  }
  return ok({ platformFen, merchantFen });
}
