/** Amounts and times as a buyer reads them: yuan with two places, the wallets' own time zone. */
import { type Fen, fenToYuan } from '../core/money.ts';

/** `123456n` -> `¥1,234.56`. */
export function yuanText(amountFen: Fen): string {
  const [whole = '', fraction = ''] = fenToYuan(amountFen).split('.');
  return `¥${whole.replace(/\B(?=(\d{3})+$)/g, ',')}.${fraction}`;
}

const BEIJING = new Intl.DateTimeFormat('sv-SE', {
  timeZone: 'Asia/Shanghai',
  dateStyle: 'short',
  timeStyle: 'medium',
});

/** `2026-11-22 16:30:05`, Beijing time. */
export function dateTimeText(unixMs: number): string {
  return BEIJING.format(unixMs);
}

/** The hour where the day is the same, else the day as well. */
export function deadlineText(unixMs: number, remainingMs: number): string {
  const text = dateTimeText(unixMs);
  const isToday = text.slice(0, 10) === dateTimeText(unixMs - remainingMs).slice(0, 10);
  return isToday ? text.slice(11, 16) : text.slice(0, 16);
}
