/**
 * The URL that Cloud QuickPass reads from an EMVCo merchant code: sub-object 01 of a template under
 * UnionPay's RID. That layout is the marketplace's assumption, not a published one; a code without
 * it is refused, and the text of a code never names an amount or a payee by itself.
 */
import { err, ok, type Result } from '../../src/kernel/result.ts';
import type { WalletName } from '../../src/kernel/wallet-names.ts';
import { decodeMpm } from '../../src/wires/qr/mpm.ts';
import { type InputError, inputError } from '../http/json.ts';
import type { PhoneCode } from './code-text.ts';

/** Object 00 (version 01) comes first in every EMVCo merchant code. */
const EMV_START = '000201';
const ADDRESS_FIELD = '01';

/** Anything but an EMVCo code is returned unchanged. */
export function readEmvAddress(code: PhoneCode, wallet: WalletName): Result<PhoneCode, InputError> {
  if (typeof code !== 'string' || !code.startsWith(EMV_START)) return ok(code);
  if (wallet !== 'unionpay') {
    return refuse(`${wallet} reads no EMVCo code here; scan its address, or use unionpay`);
  }
  const read = decodeMpm(code);
  if (!read.ok) return refuse(`the EMVCo code cannot be read: ${read.error.message}`);
  for (const account of read.value.accounts) {
    if (account.kind !== 'template' || !account.isUnionPay) continue;
    const address = account.fields.find(({ id }) => id === ADDRESS_FIELD)?.value;
    if (address !== undefined && /^https?:/i.test(address)) return ok(address);
  }
  return refuse('the EMVCo code has no address in a template of UnionPay');
}

function refuse(message: string): Result<never, InputError> {
  return err(inputError('code_not_recognized', 'code', message));
}
