/** The printed sheets: their code read back by another decoder, and who stands beside whom. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { PDFDocument } from 'pdf-lib';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { qrDrawing } from '../../src/cashier/qr.ts';
import type { Drawing } from '../../src/cashier/stand/drawing.ts';
import { type StandContent, standDrawing, tapCardDrawing } from '../../src/cashier/stand/layout.ts';
import { drawingPdf } from '../../src/cashier/stand/pdf.ts';
import { drawingSvg } from '../../src/cashier/stand/svg.ts';
import { TEXTS } from '../../src/cashier/texts.ts';
import { WALLET_NAMES } from '../../src/core/wallet.ts';
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

  const hasGhostscript = spawnSync('gs', ['--version']).status === 0;
  if (!hasGhostscript) process.stderr.write('the PDFs are NOT read back: no Ghostscript\n');
  it.skipIf(!hasGhostscript).each(SHEETS)('%s as PDF', async (_name, draw) => {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'hutong-stand-'));
    fs.writeFileSync(path.join(dir, 'a.pdf'), await drawingPdf(draw(content()), NOW_MS));
    const args = ['-q', '-dNOPAUSE', '-dBATCH', '-sDEVICE=png16m', '-r150', '-sOutputFile=a.png'];
    const drawn = spawnSync('gs', [...args, 'a.pdf'], { cwd: dir });
    expect(drawn.status).toBe(0);
    const context = await browser.newContext({ viewport: { width: 1000, height: 1300 } });
    const page = await context.newPage();
    const png = fs.readFileSync(path.join(dir, 'a.png')).toString('base64');
    await page.setContent(`<body style="margin:0"><img src="data:image/png;base64,${png}"></body>`);
    expect(await readQr(page, page.locator('img'))).toBe(URL);
    await context.close();
    fs.rmSync(dir, { recursive: true });
  });
});
