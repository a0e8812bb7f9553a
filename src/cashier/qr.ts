/**
 * A QR code as inline SVG: black on white with the four modules of quiet zone that scanners need.
 * The text comes from a wallet and is drawn, never put into the markup.
 */
import QRCode from 'qrcode';
import { type Html, html } from './html.ts';

const QUIET_MODULES = 4;
/** Denser codes than this cannot be read from a laptop's screen. */
const TEXT_LENGTH_MAX = 600;

/** Null when the text cannot be drawn as a code that a phone would read. */
export function qrSvg(text: string, label: string): Html | null {
  if (text.length === 0 || text.length > TEXT_LENGTH_MAX) return null;
  const { modules } = QRCode.create(text, { errorCorrectionLevel: 'M' });
  const side = modules.size + 2 * QUIET_MODULES;
  const path = rows(modules.size, (row, column) => modules.get(row, column) !== 0);
  return html`<svg class="qr" role="img" aria-label="${label}" viewBox="0 0 ${side} ${side}" shape-rendering="crispEdges"><title>${label}</title><path fill="#fff" d="M0 0h${side}v${side}H0z"/><path fill="#000" d="${path}"/></svg>`;
}

/** Runs of dark modules, one rectangle a run. */
function rows(size: number, isDark: (row: number, column: number) => boolean): string {
  let path = '';
  for (let row = 0; row < size; row += 1) {
    for (let column = 0; column < size; column += 1) {
      if (!isDark(row, column)) continue;
      const start = column;
      while (column + 1 < size && isDark(row, column + 1)) column += 1;
      const width = column - start + 1;
      path += `M${start + QUIET_MODULES} ${row + QUIET_MODULES}h${width}v1h-${width}z`;
    }
  }
  return path;
}
