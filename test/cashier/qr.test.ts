import fc from 'fast-check';
import jsqr from 'jsqr';
import { describe, expect, it } from 'vitest';
import { qrSvg } from '../../src/cashier/qr.ts';

const decode = jsqr as unknown as typeof jsqr.default;
const SCALE = 4;

/** Draws the SVG's rectangles into pixels, as a screen would, for a reader we did not write. */
function pixelsOf(svg: string): { data: Uint8ClampedArray; side: number } {
  const modules = Number(/viewBox="0 0 (\d+) /.exec(svg)?.[1]);
  const side = modules * SCALE;
  const data = new Uint8ClampedArray(side * side * 4).fill(255);
  const dark = /fill="#000" d="([^"]*)"/.exec(svg)?.[1] ?? '';
  for (const [, x, y, width] of dark.matchAll(/M(\d+) (\d+)h(\d+)v1/g)) {
    for (let row = Number(y) * SCALE; row < (Number(y) + 1) * SCALE; row += 1) {
      for (
        let column = Number(x) * SCALE;
        column < (Number(x) + Number(width)) * SCALE;
        column += 1
      ) {
        data.fill(0, (row * side + column) * 4, (row * side + column) * 4 + 3);
      }
    }
  }
  return { data, side };
}

function read(text: string): string | undefined {
  const { data, side } = pixelsOf(qrSvg(text, 'code')?.text ?? '');
  return decode(data, side, side)?.data;
}

describe('qrSvg', () => {
  it('is read back by a foreign reader', () => {
    for (const code of [
      'weixin://wxpay/bizpayurl?pr=Zk3u7Qx0z',
      'https://qr.alipay.com/bax08431qk6gzl2yxkwa30bf',
      `https://wallet.example/${'a'.repeat(400)}`,
    ]) {
      expect(read(code)).toBe(code);
    }
  });

  it('is read back for any address', () => {
    fc.assert(
      fc.property(fc.webUrl({ withQueryParameters: true }), (url) => {
        fc.pre(url.length <= 300);
        expect(read(url)).toBe(url);
      }),
      { numRuns: 20 },
    );
  });

  it('has a name for those who do not see it, escaped', () => {
    const svg = qrSvg('x', '微信 "¥1.00" <b>')?.text ?? '';
    expect(svg).toContain('role="img" aria-label="微信 &quot;¥1.00&quot; &lt;b&gt;"');
  });

  it('draws nothing for what no phone could read', () => {
    expect(qrSvg('', 'code')).toBeNull();
    expect(qrSvg('x'.repeat(601), 'code')).toBeNull();
  });
});
