/** Times as a buyer reads them: in the time zone of the wallets. */

const BEIJING = new Intl.DateTimeFormat('sv-SE', {
  timeZone: 'Asia/Shanghai',
  dateStyle: 'short',
  timeStyle: 'medium',
});

/** `2026-11-22 16:30:05`, Beijing time; where a reader may be elsewhere, `texts.zoned` says so. */
export function dateTimeText(unixMs: number): string {
  return BEIJING.format(unixMs);
}

/** The hour where the day is the same, else the day as well. */
export function deadlineText(unixMs: number, remainingMs: number): string {
  const text = dateTimeText(unixMs);
  const isToday = text.slice(0, 10) === dateTimeText(unixMs - remainingMs).slice(0, 10);
  return isToday ? text.slice(11, 16) : text.slice(0, 16);
}
