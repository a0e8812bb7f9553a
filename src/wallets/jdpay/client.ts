/**
 * Calls of the XML interface. A success is trusted only if its signature verifies. JD does not sign
 * refusals (they have no `encrypt`), so a refusal is passed on as a bare code, whose meaning the
 * configuration defines; everything else is `unknown`.
 */
import type { WalletError } from '../../kernel/wallet-names.ts';
import {
  MESSAGE_BYTES_MAX,
  type MessageResult,
  openMessage,
  readOuter,
  readResult,
  SUCCESS_CODE,
  sealInner,
  signInner,
  VERSION,
  writeOuter,
} from '../../wires/jdpay/message.ts';
import type { XmlElement, XmlField } from '../../wires/jdpay/xml.ts';
import { misconfigured, ownError } from '../answers.ts';
import type { WalletSeams } from '../wallet.ts';
import type { JdpayConfig, JdpayMerchant } from './config.ts';
import { refusesCredentials } from './statuses.ts';

const CALL_TIMEOUT_MS = 10_000;

export type Called =
  | { readonly kind: 'answered'; readonly fields: XmlElement; readonly merchant: JdpayMerchant }
  | { readonly kind: 'refused'; readonly code: string; readonly error: WalletError }
  | { readonly kind: 'unknown'; readonly error: WalletError };

export interface Client {
  readonly call: (
    merchant: JdpayMerchant,
    path: string,
    fields: readonly XmlField[],
  ) => Promise<Called>;
}

export function openClient(config: JdpayConfig, seams: WalletSeams): Client {
  return {
    call: async (merchant, path, fields) => {
      const { keys } = merchant;
      const head: XmlField[] = [
        ['version', VERSION],
        ['merchant', merchant.merchant],
      ];
      const encrypt = sealInner(keys.desKey, signInner(keys, [...head, ...fields]));
      if (encrypt === undefined) {
        return { kind: 'unknown', error: ownError('jdpay', 'too_long', 'not sent: too long') };
      }
      const sent = await seams.http.send({
        method: 'POST',
        url: `${config.endpoints.api}${path}`,
        headers: { 'content-type': 'application/xml; charset=UTF-8', accept: 'application/xml' },
        body: writeOuter({ merchant: merchant.merchant, encrypt }),
        timeoutMs: CALL_TIMEOUT_MS,
        responseBytesMax: MESSAGE_BYTES_MAX,
      });
      if (!sent.ok) return unknownBecause(`http.${sent.error.kind}`, sent.error.message);
      if (sent.value.status !== 200) {
        return unknownBecause(`http.${sent.value.status}`, 'not an answer of JD Pay');
      }
      return judge(config, merchant, sent.value.body);
    },
  };
}

function judge(config: JdpayConfig, merchant: JdpayMerchant, body: Buffer): Called {
  const outer = readOuter(body);
  if (outer === undefined || outer.result === null) {
    return unknownBecause('unreadable', 'not an answer of JD Pay');
  }
  if (outer.result.code !== SUCCESS_CODE) return refused(config, outer.result);
  const opened = openMessage(merchant.keys, outer.encrypt ?? '');
  if (!opened.ok) return unknownBecause(opened.error, 'the answer is not signed by JD Pay');
  const { fields } = opened.value;
  const result = readResult(fields);
  if (result === null) return unknownBecause('unreadable', 'the answer has no result');
  return result.code === SUCCESS_CODE
    ? { kind: 'answered', fields, merchant }
    : refused(config, result);
}

function refused({ resultCodes }: JdpayConfig, { code, desc }: MessageResult): Called {
  const said = walletError(code.slice(0, 64), desc.slice(0, 256));
  const error = refusesCredentials(code, resultCodes) ? misconfigured(said) : said;
  return { kind: 'refused', code, error };
}

function unknownBecause(code: string, message: string): Called {
  return { kind: 'unknown', error: walletError(code, message) };
}

export function walletError(code: string, message: string): WalletError {
  return { wallet: 'jdpay', code, message, requestId: null };
}
