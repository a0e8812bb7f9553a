/** JD's times: `yyyyMMddHHmmss` in Beijing, which has no summer time. */
const OFFSET_MS = 8 * 3_600_000;

export function formatTradeTime(unixMs: number): string {
  return new Date(unixMs + OFFSET_MS).toISOString().slice(0, 19).replace(/\D/g, '');
}

export function parseTradeTime(text: string): number | undefined {
  const match = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})$/.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hours, minutes, seconds] = match;
  const unixMs = Date.parse(`${year}-${month}-${day}T${hours}:${minutes}:${seconds}+08:00`);
  // Date.parse rolls 02-30 over; what does not read back is refused.
  return !Number.isNaN(unixMs) && formatTradeTime(unixMs) === text ? unixMs : undefined;
}
