/**
 * Strict RFC 3339 input: a full date, `T`, a full time, and an offset. A date that does not exist
 * is refused instead of rolled over; leap seconds are refused.
 */
const RFC3339 =
  /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?(?:Z|([+-])(\d{2}):(\d{2}))$/;

/** Unix milliseconds, or undefined. */
export function parseRfc3339(text: string): number | undefined {
  const match = RFC3339.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number);
  if (year === undefined || month === undefined || day === undefined) return undefined;
  if (hour === undefined || minute === undefined || second === undefined) return undefined;
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  const ms = Number((match[7] ?? '').slice(0, 3).padEnd(3, '0'));
  const utcMs = Date.UTC(year, month - 1, day, hour, minute, second, ms);
  const back = new Date(utcMs);
  if (back.getUTCMonth() !== month - 1 || back.getUTCDate() !== day) return undefined;
  if (back.getUTCFullYear() !== year) return undefined;
  const offsetMs = offsetMsOf(match[8], Number(match[9] ?? 0), Number(match[10] ?? 0));
  return offsetMs === undefined ? undefined : utcMs - offsetMs;
}

function offsetMsOf(sign: string | undefined, hours: number, minutes: number): number | undefined {
  if (hours > 23 || minutes > 59) return undefined;
  const ms = (hours * 60 + minutes) * 60_000;
  return sign === '-' ? -ms : ms;
}
