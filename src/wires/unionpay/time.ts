/** ACP times: YYYYMMDDhhmmss in Beijing, which has no summer time; settleDate is MMDD. */
const OFFSET_MS = 8 * 3_600_000;
const HOUR_MS = 3_600_000;

export function formatTime(unixMs: number): string {
  return new Date(unixMs + OFFSET_MS).toISOString().slice(0, 19).replace(/[-T:]/g, '');
}

export function parseTime(text: string): number | undefined {
  const match = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})$/.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second] = match;
  const unixMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}+08:00`);
  // Date.parse rolls 0230 over to March; what does not read back is refused.
  return !Number.isNaN(unixMs) && formatTime(unixMs) === text ? unixMs : undefined;
}

/**
 * The clearing day (清算日) that a moment belongs to, YYYYMMDD: it runs from 23:00 to 23:00 Beijing
 * and is named by the day it ends on.
 */
export function clearingDay(unixMs: number): string {
  return formatTime(unixMs + HOUR_MS).slice(0, 8);
}
