/** Days as Chinese institutions count them: Beijing's calendar, which has no summer time. */
const OFFSET_MS = 8 * 3_600_000;
const DAY_MS = 86_400_000;

export function beijingDate(unixMs: number): string {
  return new Date(unixMs + OFFSET_MS).toISOString().slice(0, 10);
}

/** The next midnight in Beijing after that moment. */
export function nextBeijingMidnightMs(unixMs: number): number {
  return (Math.floor((unixMs + OFFSET_MS) / DAY_MS) + 1) * DAY_MS - OFFSET_MS;
}

/** A day that exists, `2026-12-01`. */
export function isDate(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const ms = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text);
}
