/** Alipay's times: `yyyy-MM-dd HH:mm:ss` in Beijing. */
import { beijingIso } from '../beijing-time.ts';

export function formatTime(unixMs: number): string {
  return beijingIso(unixMs).slice(0, 19).replace('T', ' ');
}

/** With milliseconds, as `gmt_refund` is written. */
export function formatTimeMs(unixMs: number): string {
  return beijingIso(unixMs).replace('T', ' ');
}

/** Seconds may be absent (time_expire of older documents), milliseconds present (gmt_refund). */
export function parseTime(text: string): number | undefined {
  const match = /^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2})(:\d{2})?(\.\d{1,3})?$/.exec(text);
  if (match === null) return undefined;
  const [, day, minutes, seconds = ':00', fraction = ''] = match;
  const unixMs = Date.parse(`${day}T${minutes}${seconds}${fraction}+08:00`);
  if (Number.isNaN(unixMs)) return undefined;
  // Date.parse accepts 24:00 and rolls 02-30 over; what does not round-trip is refused.
  return formatTime(unixMs).startsWith(`${day} ${minutes}`) ? unixMs : undefined;
}
