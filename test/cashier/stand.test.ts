/** The printed sheets: their code read back by another decoder, and who stands beside whom. */
import jsqr from 'jsqr';
import { decodePDFRawStream, PDFDocument, PDFRawStream } from 'pdf-lib';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { qrDrawing } from '../../src/cashier/qr.ts';
import type { Drawing } from '../../src/cashier/stand/drawing.ts';
import { type StandContent, standDrawing, tapCardDrawing } from '../../src/cashier/stand/layout.ts';
import { drawingPdf } from '../../src/cashier/stand/pdf.ts';
import { drawingSvg } from '../../src/cashier/stand/svg.ts';
import { TEXTS } from '../../src/cashier/texts.ts';
import { WALLET_NAMES } from '../../src/kernel/wallet-names.ts';
import { CHROMIUM, CHROMIUM_ARGS, missingForBrowser, readQr } from '../e2e/shopper.ts';
import { NOW_MS } from './fixtures.ts';

const URL = 'https://pay.hutong.example/c/a1b2c3d4e5f6a7b8c9d0';
const SHEETS: readonly [string, (content: StandContent) => Drawing][] = [
  ['the stand', standDrawing],
  ['the tap card', tapCardDrawing],
];

function content(more: Partial<StandContent> = {}): StandContent {
  return {
    id: 'ctr_01K0Z3V7X9Q2A',
    merchantName: '梧桐家居旗舰店',
    counterName: '一号柜台 Till 1',
    qr: qrDrawing(URL, 'Q')!,
    ...more,
  };
}

describe.each(SHEETS)('%s', (_name, draw) => {
  it('names the four wallets in both languages at one size and on one line', () => {
    const drawing = draw(content());
    for (const locale of ['zh', 'en'] as const) {
      const names = WALLET_NAMES.map((wallet) => TEXTS[locale].wallets[wallet]);
      const lines = drawing.marks.filter(
        (mark) => mark.kind === 'text' && names.includes(mark.text),
      );
      expect(lines).toHaveLength(4);
      const looks = lines.map((mark) =>
        mark.kind === 'text' ? [mark.size, mark.y, mark.colour, mark.isBold].join() : '',
      );
      expect(new Set(looks).size).toBe(1);
    }
    const marks = drawing.marks.filter(
      (mark) => mark.kind === 'path' && mark.path.startsWith('M11 0h18'),
    );
    expect(marks).toHaveLength(4);
    expect(
      new Set(marks.map((mark) => (mark.kind === 'path' ? `${mark.scale} ${mark.y}` : ''))).size,
    ).toBe(1);
  });

  it('puts every wallet first on some counter', () => {
    const firsts = new Set<string>();
    for (let number = 0; number < 40; number += 1) {
      const drawing = draw(content({ id: `ctr_${number}` }));
      const names: readonly string[] = WALLET_NAMES.map((wallet) => TEXTS.zh.wallets[wallet]);
      const first = drawing.marks.find((mark) => mark.kind === 'text' && names.includes(mark.text));
      firsts.add(first?.kind === 'text' ? first.text : '');
    }
    expect(firsts.size).toBe(4);
  });

  it('keeps everything on the sheet, with the longest names', () => {
    const long = { merchantName: '长'.repeat(128), counterName: 'W'.repeat(40) };
    const drawing = draw(content(long));
    for (const mark of drawing.marks) {
      if (mark.kind !== 'text') continue;
      const width = Array.from(mark.text).reduce(
        (sum, char) => sum + ((char.codePointAt(0) ?? 0) < 0x2e80 ? 0.6 : 1) * mark.size,
        0,
      );
      expect(mark.x - width / 2, mark.text).toBeGreaterThanOrEqual(0);
      expect(mark.x + width / 2, mark.text).toBeLessThanOrEqual(drawing.width);
      expect(mark.y).toBeLessThan(drawing.height);
    }
  });

  it('escapes what a merchant is called', () => {
    const svg = drawingSvg(draw(content({ merchantName: '<b>&"', counterName: '</text>' })));
    expect(svg).toContain('&lt;b&gt;&amp;&quot;');
    expect(svg).not.toContain('<b>');
  });

  it('is a PDF of one page in millimetres, the same bytes each time, for any name', async () => {
    for (const merchantName of ['梧桐家居旗舰店', 'Café ☕ 龘𠮷', '']) {
      const drawing = draw(content({ merchantName }));
      const bytes = await drawingPdf(drawing, NOW_MS);
      expect(Buffer.compare(bytes, await drawingPdf(drawing, NOW_MS))).toBe(0);
      const read = await PDFDocument.load(bytes);
      expect(read.getPageCount()).toBe(1);
      expect(read.getPage(0).getWidth()).toBeCloseTo((drawing.width * 72) / 25.4, 3);
      expect(bytes.length).toBeLessThan(60_000);
    }
  });
});

const missing = missingForBrowser();
if (missing !== null) process.stderr.write(`the printed codes are NOT read back: ${missing}\n`);

describe.skipIf(missing !== null)('read back by another decoder', { timeout: 120_000 }, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: CHROMIUM, args: CHROMIUM_ARGS });
  }, 120_000);
  afterAll(() => browser?.close());

  it.each(SHEETS)('%s as SVG', async (_name, draw) => {
    const context = await browser.newContext({ viewport: { width: 900, height: 1100 } });
    const page = await context.newPage();
    await page.setContent(`<body style="margin:0">${drawingSvg(draw(content()))}</body>`);
    expect(await readQr(page, page.locator('svg'))).toBe(URL);
    await context.close();
  });
});

it.each(SHEETS)('%s as PDF is read back from its own drawing operators', async (_name, draw) => {
  const read = await PDFDocument.load(await drawingPdf(draw(content()), NOW_MS));
  const { data, side } = raster(filledRectangles(read));
  expect(jsqr.default(data, side, side)?.data).toBe(URL);
});

interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** What the page's `re f` pairs fill: the code, and nothing else of a sheet, is drawn by them. */
function filledRectangles(document: PDFDocument): Rectangle[] {
  const contents = document.getPage(0).node.normalizedEntries().Contents;
  const streams = contents?.asArray() ?? [];
  const text = streams
    .map((ref) => document.context.lookup(ref))
    .map((stream) =>
      stream instanceof PDFRawStream
        ? Buffer.from(decodePDFRawStream(stream).decode()).toString('latin1')
        : '',
    )
    .join('\n');
  const pattern = /([\d.]+) ([\d.]+) ([\d.]+) ([\d.]+) re\s+f\b/g;
  return [...text.matchAll(pattern)].map((found) => {
    const [x = 0, y = 0, width = 0, height = 0] = found.slice(1).map(Number);
    return { x, y, width, height };
  });
}

/** Black on white with a margin, four pixels to the height of a module. */
function raster(rectangles: readonly Rectangle[]): { data: Uint8ClampedArray; side: number } {
  expect(rectangles.length).toBeGreaterThan(50);
  const unit = rectangles[0]!.height / 4;
  const left = Math.min(...rectangles.map(({ x }) => x));
  const top = Math.max(...rectangles.map(({ y, height }) => y + height));
  const right = Math.max(...rectangles.map(({ x, width }) => x + width));
  const margin = 24;
  const side = Math.round((right - left) / unit) + 2 * margin;
  const data = new Uint8ClampedArray(4 * side * side).fill(255);
  for (const { x, y, width, height } of rectangles) {
    const column = margin + Math.round((x - left) / unit);
    const row = margin + Math.round((top - y - height) / unit);
    for (let line = row; line < row + Math.round(height / unit); line += 1) {
      const start = 4 * (line * side + column);
      for (let at = start; at < start + 4 * Math.round(width / unit); at += 1)
        if (at % 4 !== 3) data[at] = 0;
    }
  }
  return { data, side };
}
