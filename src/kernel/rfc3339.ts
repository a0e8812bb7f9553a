/**
 * Times leave the platform as RFC 3339 in UTC with milliseconds, and nothing else. Inside, a time
 * is a number of Unix milliseconds.
 */
const DAY_MS = 86_400_000;

/** Most times that are shown together lie on one day: its date is written once. */
let knownDay = Number.NaN;
let knownDate = '';

const two = (value: number): string => (value < 10 ? `0${value}` : `${value}`);

export function rfc3339OrNull(unixMs: number | null): string | null {
  return unixMs === null ? null : rfc3339(unixMs);
}

export function rfc3339(unixMs: number): string {
  const day = Math.floor(unixMs / DAY_MS);
  if (day !== knownDay) {
    knownDate = new Date(day * DAY_MS).toISOString().slice(0, -'00:00:00.000Z'.length);
    knownDay = day;
  }
  const ms = unixMs - day * DAY_MS;
  const seconds = Math.floor(ms / 1_000);
  const minutes = Math.floor(seconds / 60);
  const clock = `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}:${two(seconds % 60)}`;
  return `${knownDate}${clock}.${two(Math.floor((ms % 1_000) / 10))}${ms % 10}Z`;
}
