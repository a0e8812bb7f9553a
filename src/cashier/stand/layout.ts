/**
 * The printed sheets of a counter: the stand (A5: a large code, the merchant, the four wallets) and
 * the card for an NFC tag (ID-1). The wallets' marks and names are of one size and on one line;
 * which comes first rotates from counter to counter, as offers do. Chinese and English on one
 * sheet.
 */
import { hashOf } from '../../kernel/hash.ts';
import { WALLET_NAMES, type WalletName } from '../../kernel/wallet-names.ts';
import type { QrDrawing } from '../qr.ts';
import { TEXTS } from '../texts.ts';
import {
  box,
  codeMarks,
  type Drawing,
  INK,
  line,
  type Mark,
  SOFT,
  walletMarks,
} from './drawing.ts';

export interface StandContent {
  /** Of the counter: which wallet comes first. */
  readonly id: string;
  readonly merchantName: string;
  readonly counterName: string;
  readonly qr: QrDrawing;
}

const STAND = { width: 148, height: 210 } as const;
const CARD = { width: 85.6, height: 54 } as const;

export function standDrawing(content: StandContent): Drawing {
  const middle = STAND.width / 2;
  const codeSide = 98;
  return {
    title: `${content.merchantName} · ${content.counterName}`,
    ...STAND,
    marks: [
      box({ x: 0, y: 0, ...STAND }, '#ffffff'),
      box({ x: 0, y: 0, width: STAND.width, height: 40 }, INK),
      line(
        '一个码，四种钱包都能付',
        { x: middle, y: 18, size: 9 },
        { colour: '#ffffff', isBold: true },
      ),
      line('One code, four wallets', { x: middle, y: 30, size: 6 }, { colour: '#ffffff' }),
      ...codeMarks(content.qr, { x: (STAND.width - codeSide) / 2, y: 43, side: codeSide }),
      line(fitted(content.merchantName, 16), { x: middle, y: 149, size: 8 }, { isBold: true }),
      line(fitted(content.counterName, 28), { x: middle, y: 157, size: 4.5 }, { colour: SOFT }),
      ...walletRow(content.id, { x: 9, y: 165, width: STAND.width - 18, side: 13, size: 4.2 }),
      line('打开钱包扫一扫 · 输入金额 · 确认付款', { x: middle, y: 198.5, size: 4.2 }),
      line(
        'Scan with your wallet · Enter the amount · Confirm',
        { x: middle, y: 204.5, size: 3.6 },
        { colour: SOFT },
      ),
    ],
  };
}

/** Three waves from a corner: hold the phone near, do not scan. Ours, not a scheme's mark. */
const WAVES = 'M2 8a8 8 0 0 1 0 8M7 5a14 14 0 0 1 0 14M12 2a20 20 0 0 1 0 20';

export function tapCardDrawing(content: StandContent): Drawing {
  const codeSide = 25;
  const left = (CARD.width - codeSide - 4) / 2;
  return {
    title: `${content.merchantName} · ${content.counterName}`,
    ...CARD,
    marks: [
      box({ x: 0, y: 0, ...CARD }, '#ffffff'),
      box({ x: 0, y: 0, width: CARD.width, height: 2 }, INK),
      {
        kind: 'path',
        path: WAVES,
        x: 6,
        y: 6.5,
        scale: 0.5,
        stroke: { colour: INK, width: 2.6 },
      },
      line('碰一碰付款', { x: left + 4, y: 12, size: 5.4 }, { isBold: true }),
      line('Tap to pay', { x: left + 4, y: 17, size: 3.2 }, { colour: SOFT }),
      line(fitted(content.merchantName, 12), { x: left, y: 25, size: 4 }, { isBold: true }),
      line(fitted(content.counterName, 14), { x: left, y: 29.5, size: 2.8 }, { colour: SOFT }),
      ...codeMarks(content.qr, { x: CARD.width - codeSide - 3, y: 5, side: codeSide }),
      ...walletRow(content.id, { x: 4, y: 34, width: CARD.width - 8, side: 7, size: 2.5 }),
    ],
  };
}

/** Equal columns: the mark, then the name in both languages. */
function walletRow(
  id: string,
  at: {
    readonly x: number;
    readonly y: number;
    readonly width: number;
    readonly side: number;
    readonly size: number;
  },
): Mark[] {
  const column = at.width / WALLET_NAMES.length;
  return turned(WALLET_NAMES, id).flatMap((wallet: WalletName, index) => {
    const middle = at.x + column * (index + 0.5);
    const below = at.y + at.side;
    return [
      ...walletMarks(wallet, { x: middle - at.side / 2, y: at.y, side: at.side }),
      line(TEXTS.zh.wallets[wallet], { x: middle, y: below + at.size * 1.4, size: at.size }),
      line(
        TEXTS.en.wallets[wallet],
        { x: middle, y: below + at.size * 2.6, size: at.size * 0.8 },
        { colour: SOFT },
      ),
    ];
  });
}

function turned<T>(list: readonly T[], id: string): readonly T[] {
  const start = hashOf(id) % list.length;
  return [...list.slice(start), ...list.slice(0, start)];
}

/** At most `widthMax` wide characters; a Latin one counts half. */
function fitted(text: string, widthMax: number): string {
  let width = 0;
  let kept = '';
  for (const char of text) {
    width += (char.codePointAt(0) ?? 0) < 0x2e80 ? 0.5 : 1;
    if (width > widthMax) return `${kept.trimEnd()}…`;
    kept += char;
  }
  return kept;
}
