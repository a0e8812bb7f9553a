/** Alipay's times: `yyyy-MM-dd HH:mm:ss` in Beijing, which has no summer time. */
const OFFSET_MS = 8 * 3_600_000;

export function formatBeijing(unixMs: number): string {
  return new Date(unixMs + OFFSET_MS).toISOString().slice(0, 19).replace('T', ' ');
}

/** With milliseconds, as `gmt_refund` is written. */
export function formatBeijingMs(unixMs: number): string {
  return new Date(unixMs + OFFSET_MS).toISOString().slice(0, 23).replace('T', ' ');
}

/** Seconds may be absent (time_expire of older documents), milliseconds present (gmt_refund). */
export function parseBeijing(text: string): number | undefined {
  const match = /^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2})(:\d{2})?(\.\d{1,3})?$/.exec(text);
  if (match === null) return undefined;
  const [, day, minutes, seconds = ':00', fraction = ''] = match;
  const unixMs = Date.parse(`${day}T${minutes}${seconds}${fraction}+08:00`);
  if (Number.isNaN(unixMs)) return undefined;
  // Date.parse accepts 24:00 and rolls 02-30 over; what does not read back is refused.
  return formatBeijing(unixMs).startsWith(`${day} ${minutes}`) ? unixMs : undefined;
}
