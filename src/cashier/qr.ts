/**
 * A QR code as SVG: black on white with the quiet zone of four modules that scanners need. The text
 * comes from a wallet or is an address of ours; it is drawn, never inserted as markup.
 */
import QRCode from 'qrcode';
import { type Html, html } from './html.ts';

const QUIET_MODULES = 4;
/** Denser codes cannot be scanned from a laptop's screen. */
const TEXT_LENGTH_MAX = 600;

export interface QrDrawing {
  /** The side of the square with its quiet zone, in modules. */
  readonly side: number;
  /** Runs of dark modules, each one module high, counted with the quiet zone. */
  readonly runs: readonly { readonly x: number; readonly y: number; readonly width: number }[];
  /** The runs as an SVG path, one unit per module. */
  readonly path: string;
}

/** Null if the text cannot be drawn as a code that a phone could read. */
export function qrDrawing(text: string, level: 'M' | 'Q' = 'M'): QrDrawing | null {
  if (text.length === 0 || text.length > TEXT_LENGTH_MAX) return null;
  const { modules } = QRCode.create(text, { errorCorrectionLevel: level });
  const side = modules.size + 2 * QUIET_MODULES;
  const runs = runsOf(modules.size, (row, column) => modules.get(row, column) !== 0);
  const path = runs.map(({ x, y, width }) => `M${x} ${y}h${width}v1h-${width}z`).join('');
  return { side, runs, path };
}

/** For a page, with a name for screen readers. */
export function qrSvg(text: string, label: string): Html | null {
  const drawing = qrDrawing(text);
  if (drawing === null) return null;
  const { side, path } = drawing;
  return html`<svg class="qr" role="img" aria-label="${label}" viewBox="0 0 ${side} ${side}" shape-rendering="crispEdges"><title>${label}</title><path fill="#fff" d="M0 0h${side}v${side}H0z"/><path fill="#000" d="${path}"/></svg>`;
}

/** As a file of its own. */
export function qrSvgDocument(text: string): string | null {
  const drawing = qrDrawing(text);
  if (drawing === null) return null;
  const { side, path } = drawing;
  return html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${side} ${side}" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h${side}v${side}H0z"/><path fill="#000" d="${path}"/></svg>`
    .text;
}

function runsOf(
  size: number,
  isDark: (row: number, column: number) => boolean,
): QrDrawing['runs'][number][] {
  const runs: QrDrawing['runs'][number][] = [];
  for (let row = 0; row < size; row += 1) {
    for (let column = 0; column < size; column += 1) {
      if (!isDark(row, column)) continue;
      const start = column;
      while (column + 1 < size && isDark(row, column + 1)) column += 1;
      const width = column - start + 1;
      runs.push({ x: start + QUIET_MODULES, y: row + QUIET_MODULES, width });
    }
  }
  return runs;
}
