/**
 * Calls to the gateway, and the signing of the form that a browser submits for us.
 *
 * A reply is trusted only if its signature verifies; everything else (timeouts, other HTTP
 * statuses, HTML, unsigned or badly signed replies) is `unknown`, with what was received for the
 * log.
 */
import type { WalletError } from '../../kernel/wallet-names.ts';
import { type Encoding, type Fields, textOf } from '../../wires/unionpay/canonical.ts';
import { encodeForm } from '../../wires/unionpay/form.ts';
import { parseReply } from '../../wires/unionpay/message.ts';
import { signFields } from '../../wires/unionpay/signature.ts';
import { isAnswer } from '../../wires/unionpay/trade.ts';
import { misconfigured } from '../answers.ts';
import type { WalletSeams } from '../wallet.ts';
import type { UnionpayConfig } from './config.ts';
import { judgeMessage } from './keys.ts';
import { CREDENTIAL_REFUSALS } from './statuses.ts';

export type Called =
  | {
      readonly kind: 'answered';
      readonly fields: Fields;
      readonly respCode: string;
      readonly error: WalletError;
    }
  | { readonly kind: 'unknown'; readonly error: WalletError };

export type RequestFields = Readonly<Record<string, string | null>>;

export interface Client {
  readonly call: (path: string, fields: RequestFields) => Promise<Called>;
  /** What a browser posts to `frontTransReq`, signed. */
  readonly signedForm: (fields: RequestFields) => Promise<Readonly<Record<string, string>>>;
}

const CALL_TIMEOUT_MS = 10_000;

export function openClient(config: UnionpayConfig, seams: WalletSeams): Client {
  const { encoding, signer } = config;
  const signed = (fields: RequestFields) => signFields(signer, given(fields), encoding);
  return {
    signedForm: async (fields) => Object.fromEntries(await signed(fields)),
    call: async (path, fields) => {
      const sent = await seams.http.send({
        method: 'POST',
        url: `${config.gatewayUrl}${path}`,
        headers: { 'content-type': `application/x-www-form-urlencoded;charset=${encoding}` },
        body: encodeForm(await signed(fields), encoding),
        timeoutMs: CALL_TIMEOUT_MS,
      });
      if (!sent.ok) return unknownBecause(`http.${sent.error.kind}`, sent.error.message);
      if (sent.value.status !== 200) {
        return unknownBecause(`http.${sent.value.status}`, 'not an answer of the gateway');
      }
      return readAnswer(config, seams, sent.value.body, encoding);
    },
  };
}

function given(fields: RequestFields): (readonly [string, string])[] {
  return Object.entries(fields).flatMap(([name, value]) => (value === null ? [] : [[name, value]]));
}

async function readAnswer(
  config: UnionpayConfig,
  seams: WalletSeams,
  body: Buffer,
  encoding: Encoding,
): Promise<Called> {
  const text = textOf(body, encoding);
  const parsed = text === undefined ? undefined : parseReply(text);
  if (!parsed?.ok) return unknownBecause('unreadable', 'not a reply of the gateway');
  const judged = await judgeMessage(config.trust, seams.wall, parsed.value, encoding);
  if (!judged.ok) {
    // To an unknown merchant it may reply unsigned: not trusted, but its message is worth logging.
    const said = walletErrorOf(parsed.value);
    const isUnsigned = !parsed.value.has('signature');
    if (isUnsigned && said.isMisconfigured === true) return { kind: 'unknown', error: said };
    return unknownBecause(judged.error.code, `the reply is not believed: ${judged.error.explain}`);
  }
  const fields = judged.value;
  if (!isAnswer(fields)) return unknownBecause('unreadable', 'the reply has no outcome');
  const respCode = fields.get('respCode') ?? '';
  return { kind: 'answered', fields, respCode, error: walletErrorOf(fields) };
}

function unknownBecause(code: string, message: string): Called {
  return { kind: 'unknown', error: { wallet: 'unionpay', code, message, requestId: null } };
}

/** The wallet's own message: in a query's reply, about the original transaction. */
function walletErrorOf(fields: Fields): WalletError {
  const code = fields.get('origRespCode') ?? fields.get('respCode') ?? 'unknown';
  const message = (fields.get('origRespMsg') ?? fields.get('respMsg') ?? '').slice(0, 256);
  const requestId = fields.get('queryId') ?? null;
  const error: WalletError = { wallet: 'unionpay', code, message, requestId };
  return CREDENTIAL_REFUSALS.has(code) ? misconfigured(error) : error;
}
