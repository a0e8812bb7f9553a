/**
 * One signed exchange with the gateway. An answer, refusals included, is trusted only if its
 * signature verifies and it names our own merchant number; everything else is `unknown`.
 */
import type { WalletError } from '../../kernel/wallet-names.ts';
import { ANSWER, whatOfCall } from '../../wires/samplepay/canonical.ts';
import {
  type Fields,
  fieldOf,
  MESSAGE_BYTES_MAX,
  openMessage,
  signedHeaders,
  writeFields,
} from '../../wires/samplepay/message.ts';
import { CODES, WALLET } from '../../wires/samplepay/trade.ts';
import { misconfigured } from '../answers.ts';
import type { WalletSeams } from '../wallet.ts';
import type { SamplepayConfig } from './config.ts';
import { refusesCredentials } from './statuses.ts';

const CALL_TIMEOUT_MS = 10_000;

export type Called =
  | { readonly kind: 'answered'; readonly fields: Fields }
  | { readonly kind: 'refused'; readonly code: string; readonly error: WalletError }
  | { readonly kind: 'unknown'; readonly error: WalletError };

export interface Client {
  readonly call: (path: string, fields: Fields) => Promise<Called>;
}

export function openClient(config: SamplepayConfig, seams: WalletSeams): Client {
  const { merchant, privateKey, walletPublicKey, endpoints } = config;
  return {
    call: async (path, fields) => {
      const body = writeFields(fields);
      const nonce = seams.random.bytes(16).toString('hex');
      const what = whatOfCall(path);
      const nowMs = seams.wall.nowMs();
      const sent = await seams.http.send({
        method: 'POST',
        url: `${endpoints.gateway}${path}`,
        headers: signedHeaders(privateKey, { what, merchant, body, nowMs, nonce }),
        body,
        timeoutMs: CALL_TIMEOUT_MS,
        responseBytesMax: MESSAGE_BYTES_MAX,
      });
      if (!sent.ok) return unknownBecause(`http.${sent.error.kind}`, sent.error.message);
      const { headers, body: answer, status } = sent.value;
      const at = { what: ANSWER, headers, body: answer, nowMs: seams.wall.nowMs() };
      const opened = openMessage(walletPublicKey, at);
      if (!opened.ok)
        return unknownBecause(`http.${status}`, `not an answer of the wallet: ${opened.error}`);
      return judge(config, opened.value);
    },
  };
}

function judge({ merchant }: SamplepayConfig, fields: Fields): Called {
  if (fieldOf(fields, 'merchant') !== merchant)
    return unknownBecause('not_ours', 'the answer is to another merchant');
  const code = fieldOf(fields, 'code') ?? '';
  if (code === CODES.ok) return { kind: 'answered', fields };
  const said = walletError(code.slice(0, 64), (fieldOf(fields, 'message') ?? '').slice(0, 256));
  return { kind: 'refused', code, error: refusesCredentials(code) ? misconfigured(said) : said };
}

function unknownBecause(code: string, message: string): Called {
  return { kind: 'unknown', error: walletError(code, message) };
}

export function walletError(code: string, message: string): WalletError {
  return { wallet: WALLET, code, message, requestId: null };
}
