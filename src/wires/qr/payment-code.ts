/**
 * Whose payment code (付款码) it is: decided by the table's prefixes and lengths and by what the
 * merchant accepts, never by trying wallets in turn. A code is a one-time bearer secret: no message
 * repeats a digit of it, and it is never a Number (18 to 24 digits exceed one).
 */
import type { WalletName } from '../../kernel/wallet-names.ts';
import { decodeCpm, isCpmPayload } from './cpm.ts';
import { PAYMENT_CODE_TABLE, type PaymentCodeTable } from './payment-code-table.ts';

export type PaymentCodeVerdict =
  | {
      readonly outcome: 'wallet';
      readonly wallet: WalletName;
      /** What is sent to the wallet: the digits, or the whole EMV payload. */
      readonly authCode: string;
      readonly form: 'digits' | 'emv_cpm';
      /** The digits themselves, or the token's number inside the EMV payload. */
      readonly digits: string;
    }
  /** Several wallets of this merchant have such codes: the caller must name the wallet. */
  | {
      readonly outcome: 'ambiguous';
      readonly candidates: readonly WalletName[];
      readonly message: string;
    }
  /** The owner is known, but this merchant does not accept it. */
  | {
      readonly outcome: 'not_accepted';
      readonly candidates: readonly WalletName[];
      readonly message: string;
    }
  | { readonly outcome: 'not_recognised'; readonly message: string }
  | { readonly outcome: 'malformed'; readonly message: string };

/** Longer than any code, but bounded: 512 bytes of base64. */
const INPUT_LENGTH_MAX = 1024;

export function recognisePaymentCode(
  text: string,
  acceptedWallets: readonly WalletName[],
  table: PaymentCodeTable = PAYMENT_CODE_TABLE,
): PaymentCodeVerdict {
  if (text.length > INPUT_LENGTH_MAX) return malformed('The payment code is too long');
  const code = text.replace(/\s/g, '');
  if (code === '') return malformed('The payment code is empty');
  if (isCpmPayload(code)) return recogniseCpm(code, acceptedWallets, table);
  if (!/^[0-9]+$/.test(code)) return malformed('A payment code is made of digits only');
  const owners = table.rows.filter(
    ({ prefixes, lengthMin, lengthMax }) =>
      prefixes.includes(code.slice(0, 2)) && lengthMin <= code.length && code.length <= lengthMax,
  );
  const wallets = owners.flatMap(({ wallet }) => (typeof wallet === 'string' ? [wallet] : []));
  const candidates = [...new Set(wallets)];
  if (candidates.length === 0) {
    const [foreign] = owners.flatMap(({ wallet }) => (typeof wallet === 'string' ? [] : [wallet]));
    return notRecognised(foreign?.foreign);
  }
  const accepted = candidates.filter((wallet) => acceptedWallets.includes(wallet));
  const chosen = accepted.length > 1 ? ownerOf(code, accepted, table) : accepted;
  return decide(candidates, chosen, { authCode: code, form: 'digits', digits: code });
}

function ownerOf(
  code: string,
  accepted: readonly WalletName[],
  table: PaymentCodeTable,
): readonly WalletName[] {
  const owner = table.owners.find(
    ({ prefix, length, wallet }) =>
      code.startsWith(prefix) && code.length === length && accepted.includes(wallet),
  );
  return owner === undefined ? accepted : [owner.wallet];
}

function decide(
  candidates: readonly WalletName[],
  chosen: readonly WalletName[],
  found: { authCode: string; form: 'digits' | 'emv_cpm'; digits: string },
): PaymentCodeVerdict {
  const [wallet, other] = chosen;
  if (wallet === undefined) {
    const message = `This is a code of ${candidates.join(' or ')}, which the merchant does not take.`;
    return { outcome: 'not_accepted', candidates, message };
  }
  if (other !== undefined) {
    const message = `This code may be of ${chosen.join(' or ')}: name the wallet in the request.`;
    return { outcome: 'ambiguous', candidates: chosen, message };
  }
  return { outcome: 'wallet', wallet, ...found };
}

function recogniseCpm(
  code: string,
  acceptedWallets: readonly WalletName[],
  table: PaymentCodeTable,
): PaymentCodeVerdict {
  const decoded = decodeCpm(code);
  if (!decoded.ok)
    return malformed(`The EMV consumer code cannot be read: ${decoded.error.message}`);
  const known = decoded.value.applications.flatMap(({ aid, pan }) =>
    table.applications
      .filter(({ aidPrefix }) => pan !== null && aid.startsWith(aidPrefix))
      .map(({ wallet }) => ({ wallet, pan: pan ?? '' })),
  );
  const candidates = [...new Set(known.map(({ wallet }) => wallet))];
  if (candidates.length === 0) return notRecognised(undefined);
  const accepted = candidates.filter((wallet) => acceptedWallets.includes(wallet));
  const digits = known.find(({ wallet }) => wallet === accepted[0])?.pan ?? '';
  return decide(candidates, accepted, { authCode: code, form: 'emv_cpm', digits });
}

function malformed(what: string): PaymentCodeVerdict {
  const end = what.endsWith('.') ? '' : '.';
  return { outcome: 'malformed', message: `${what}${end} Ask the buyer for a new code.` };
}

function notRecognised(foreign: string | undefined): PaymentCodeVerdict {
  const what =
    foreign === undefined
      ? 'This is no payment code that we know by its first digits and length'
      : `This looks like a code of ${foreign}, which cannot be taken here`;
  return { outcome: 'not_recognised', message: `${what}; ask the buyer for another wallet.` };
}
