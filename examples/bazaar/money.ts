/** Prices are bigint 分; they become numbers only in JSON and text only on a page. */

/** `109800n` -> `1,098.00`, as people read it. */
export function yuan(amountFen: bigint): string {
  const digits = amountFen.toString().padStart(3, '0');
  return `${digits.slice(0, -2).replace(/\B(?=(\d{3})+$)/g, ',')}.${digits.slice(-2)}`;
}

const YUAN = /^(\d{1,8}|\d{1,2}(?:,\d{3}){2}|\d{1,3},\d{3})(?:\.(\d{1,2}))?$/;

/** `"12.5"` or `"1,098.00"` as fen; undefined where it is not a plain positive yuan amount. */
export function fenOfYuan(text: string): bigint | undefined {
  const [, whole, cents = ''] = YUAN.exec(text.trim()) ?? [];
  if (whole === undefined) return undefined;
  return BigInt(whole.replaceAll(',', '')) * 100n + BigInt(cents.padEnd(2, '0'));
}

export function fenToJson(amountFen: bigint): number {
  const value = Number(amountFen);
  if (!Number.isSafeInteger(value)) throw new RangeError('an amount fits a JSON integer');
  return value;
}

export function sumFen(amounts: Iterable<bigint>): bigint {
  let total = 0n;
  for (const amount of amounts) total += amount;
  return total;
}
