/**
 * The cart: which products, which option, how many. Pure; it travels in a cookie as text such as
 * `c1.2*1_c4.0*3`, which names goods but never prices.
 */
import type { Catalogue, Listing, Text } from './catalogue/catalogue.ts';
import { sumFen } from './money.ts';

export const LINES_MAX = 30;
export const QUANTITY_MAX = 20;

export interface CartLine {
  readonly key: string;
  readonly listing: Listing;
  readonly option: Text | null;
  readonly quantity: number;
  readonly amountFen: bigint;
}

export interface CartGroup {
  readonly seller: Listing['seller'];
  readonly lines: readonly CartLine[];
  readonly amountFen: bigint;
}

/** Anything that the catalogue does not know is dropped: a cookie is only a wish. */
export function readCart(catalogue: Catalogue, text: string): CartLine[] {
  const lines: CartLine[] = [];
  for (const part of text.split('_').slice(0, LINES_MAX)) {
    const match = /^([a-z0-9]{1,8}\.\d{1,2})\*(\d{1,2})$/.exec(part);
    const line = match === null ? undefined : cartLine(catalogue, match[1] ?? '', Number(match[2]));
    if (line !== undefined && !lines.some((other) => other.key === line.key)) lines.push(line);
  }
  return lines;
}

export function writeCart(lines: readonly CartLine[]): string {
  return lines.map((line) => `${line.key}*${line.quantity}`).join('_');
}

function cartLine(catalogue: Catalogue, key: string, quantity: number): CartLine | undefined {
  const [productId = '', index = ''] = key.split('.');
  const listing = catalogue.find(productId);
  if (listing === undefined || quantity < 1 || !/^(0|[1-9]\d?)$/.test(index)) return undefined;
  const { options, priceFen } = listing.product;
  const option = options[Number(index)] ?? null;
  if (options.length > 0 ? option === null : index !== '0') return undefined;
  const count = Math.min(quantity, QUANTITY_MAX);
  return Object.freeze({
    key,
    listing,
    option,
    quantity: count,
    amountFen: priceFen * BigInt(count),
  });
}

/** `quantity` more of it; undefined when the catalogue has no such thing or the cart is full. */
export function addToCart(
  catalogue: Catalogue,
  lines: readonly CartLine[],
  key: string,
  quantity: number,
): CartLine[] | undefined {
  const before = lines.find((line) => line.key === key)?.quantity ?? 0;
  const line = cartLine(catalogue, key, before + quantity);
  if (line === undefined) return undefined;
  if (before > 0) return lines.map((other) => (other.key === key ? line : other));
  return lines.length < LINES_MAX ? [...lines, line] : undefined;
}

/** Zero takes the line out. */
export function setQuantity(
  catalogue: Catalogue,
  lines: readonly CartLine[],
  key: string,
  quantity: number,
): CartLine[] {
  if (quantity < 1) return lines.filter((line) => line.key !== key);
  return lines.map((line) =>
    line.key === key ? (cartLine(catalogue, key, quantity) ?? line) : line,
  );
}

/** The lines by seller, in the catalogue's order of sellers: one group is one sub_order. */
export function bySeller(catalogue: Catalogue, lines: readonly CartLine[]): CartGroup[] {
  return catalogue.sellers.flatMap((seller) => {
    const own = lines.filter((line) => line.listing.seller === seller);
    if (own.length === 0) return [];
    return [{ seller, lines: own, amountFen: sumFen(own.map((line) => line.amountFen)) }];
  });
}

export function totalFen(lines: readonly CartLine[]): bigint {
  return sumFen(lines.map((line) => line.amountFen));
}
