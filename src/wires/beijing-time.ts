/** Beijing time (+08:00, no daylight saving), which every wallet and institution uses. */
const OFFSET_MS = 8 * 3_600_000;
const DAY_MS = 86_400_000;

/** `2026-01-02T03:04:05.678`, without a zone. */
export function beijingIso(unixMs: number): string {
  return new Date(unixMs + OFFSET_MS).toISOString().slice(0, 23);
}

/** `2026-01-02`. */
export function beijingDate(unixMs: number): string {
  return beijingIso(unixMs).slice(0, 10);
}

/** `20260102030405`. */
export function compactTime(unixMs: number): string {
  return beijingIso(unixMs).slice(0, 19).replace(/\D/g, '');
}

export function parseCompactTime(text: string): number | undefined {
  const match = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})$/.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hours, minutes, seconds] = match;
  const unixMs = Date.parse(`${year}-${month}-${day}T${hours}:${minutes}:${seconds}+08:00`);
  // Date.parse rolls 02-30 over; what does not round-trip is refused.
  return !Number.isNaN(unixMs) && compactTime(unixMs) === text ? unixMs : undefined;
}

/** The next midnight in Beijing after that moment. */
export function nextBeijingMidnightMs(unixMs: number): number {
  return (Math.floor((unixMs + OFFSET_MS) / DAY_MS) + 1) * DAY_MS - OFFSET_MS;
}

/** An existing date, `2026-12-01`. */
export function isDate(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const ms = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text);
}
