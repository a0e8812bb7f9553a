/**
 * A printed sheet as data: what is drawn where, in millimeters from the upper left. One drawing
 * becomes an SVG and a PDF, so that both look the same.
 */
import type { WalletName } from '../../kernel/wallet-names.ts';
import type { QrDrawing } from '../qr.ts';
import { MARK_FIELD, MARK_SIDE, MARK_STROKE, WALLET_MARKS } from '../wallet-marks.ts';

export interface PathMark {
  readonly kind: 'path';
  readonly path: string;
  readonly x: number;
  readonly y: number;
  /** Millimeters per unit of the path. */
  readonly scale: number;
  readonly fill?: string;
  /** `width` in units of the path. */
  readonly stroke?: { readonly colour: string; readonly width: number };
}

export interface TextMark {
  readonly kind: 'text';
  readonly text: string;
  /** The middle of the line, and its baseline. */
  readonly x: number;
  readonly y: number;
  readonly size: number;
  readonly colour: string;
  readonly isBold: boolean;
}

/** A code with its quiet zone, black; the background must be white. */
export interface CodeMark {
  readonly kind: 'code';
  readonly qr: QrDrawing;
  readonly x: number;
  readonly y: number;
  readonly side: number;
}

export type Mark = PathMark | TextMark | CodeMark;

export interface Drawing {
  readonly title: string;
  readonly width: number;
  readonly height: number;
  readonly marks: readonly Mark[];
}

export const INK = '#1a2430';
export const SOFT = '#566170';

export function box(
  at: { readonly x: number; readonly y: number; readonly width: number; readonly height: number },
  fill: string,
): PathMark {
  const { x, y, width, height } = at;
  return { kind: 'path', path: `M0 0h${width}v${height}H0z`, x, y, scale: 1, fill };
}

export function line(
  text: string,
  at: { readonly x: number; readonly y: number; readonly size: number },
  style: { readonly colour?: string; readonly isBold?: boolean } = {},
): TextMark {
  const { colour = INK, isBold = false } = style;
  return { kind: 'text', text, ...at, colour, isBold };
}

/** A wallet's mark with its upper left corner at `at`. */
export function walletMarks(
  wallet: WalletName,
  at: { readonly x: number; readonly y: number; readonly side: number },
): PathMark[] {
  const { colour, shapes } = WALLET_MARKS[wallet];
  const place = { kind: 'path', x: at.x, y: at.y, scale: at.side / MARK_SIDE } as const;
  return [
    { ...place, path: MARK_FIELD, fill: colour },
    ...shapes.map(({ path, paint }): PathMark => {
      if (paint === 'white') return { ...place, path, fill: '#ffffff' };
      const lineColour = paint === 'line' ? colour : '#ffffff';
      return { ...place, path, stroke: { colour: lineColour, width: MARK_STROKE } };
    }),
  ];
}

/** A code on white, whatever is below it. */
export function codeMarks(
  qr: QrDrawing,
  at: { readonly x: number; readonly y: number; readonly side: number },
): Mark[] {
  const { x, y, side } = at;
  return [box({ x, y, width: side, height: side }, '#ffffff'), { kind: 'code', qr, x, y, side }];
}
