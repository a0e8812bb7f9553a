/** A payment code as a picture: a QR code in SVG, drawn as one path, without any inline style. */
import QRCode from 'qrcode';

const QUIET_ZONE = 4;

export function codePicture(text: string): string {
  const { modules } = QRCode.create(text, { errorCorrectionLevel: 'M' });
  const size = modules.size + 2 * QUIET_ZONE;
  let path = '';
  for (let row = 0; row < modules.size; row += 1) {
    for (let column = 0; column < modules.size; column += 1) {
      if (modules.get(row, column)) path += `M${column + QUIET_ZONE} ${row + QUIET_ZONE}h1v1h-1z`;
    }
  }
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size} ${size}" ` +
    `shape-rendering="crispEdges" aria-hidden="true"><rect width="${size}" height="${size}" ` +
    `fill="#fff"/><path d="${path}" fill="#000"/></svg>`
  );
}

/** Digits in groups of four, as apps show them. */
export function codeDigits(code: string): string {
  return code.replace(/(.{4})(?=.)/g, '$1 ');
}
