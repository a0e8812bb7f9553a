/** Times for buyers, in the wallets' time zone. */

const BEIJING = new Intl.DateTimeFormat('sv-SE', {
  timeZone: 'Asia/Shanghai',
  dateStyle: 'short',
  timeStyle: 'medium',
});

/**
 * `2026-11-22 16:30:05`, Beijing time; for readers who may be elsewhere, `texts.zoned` adds that.
 */
export function dateTimeText(unixMs: number): string {
  return BEIJING.format(unixMs);
}

/** The time alone if it is the same day, else with the date. */
export function deadlineText(unixMs: number, remainingMs: number): string {
  const text = dateTimeText(unixMs);
  const isToday = text.slice(0, 10) === dateTimeText(unixMs - remainingMs).slice(0, 10);
  return isToday ? text.slice(11, 16) : text.slice(0, 16);
}
