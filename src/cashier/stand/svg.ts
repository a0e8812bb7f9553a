/** A drawing as an SVG file: in millimeters, without scripts or external resources. */
import { type Html, html } from '../html.ts';
import type { Drawing, Mark, PathMark } from './drawing.ts';

const FONTS =
  "'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', 'Source Han Sans SC', 'Helvetica Neue', Arial, sans-serif";

export function drawingSvg(drawing: Drawing): string {
  const { width, height, title, marks } = drawing;
  return html`<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" width="${width}mm" height="${height}mm" viewBox="0 0 ${width} ${height}" font-family="${FONTS}" text-anchor="middle"><title>${title}</title>${marks.map(mark)}</svg>
`.text;
}

function mark(one: Mark): Html {
  if (one.kind === 'path') return path(one);
  if (one.kind === 'code') {
    const { qr, x, y, side } = one;
    const scale = side / qr.side;
    return path({ kind: 'path', path: qr.path, x, y, scale, fill: '#000000' });
  }
  const weight = one.isBold ? html` font-weight="700"` : null;
  return html`<text x="${one.x}" y="${one.y}" font-size="${one.size}" fill="${one.colour}"${weight}>${one.text}</text>`;
}

function path({ path: data, x, y, scale, fill, stroke }: PathMark): Html {
  const lines =
    stroke === undefined
      ? null
      : html` stroke="${stroke.colour}" stroke-width="${stroke.width}" stroke-linecap="round" stroke-linejoin="round"`;
  return html`<path transform="translate(${x} ${y}) scale(${scale})" fill="${fill ?? 'none'}"${lines} d="${data}"/>`;
}
