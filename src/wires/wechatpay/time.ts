/** RFC 3339 as WeChat Pay writes it: seconds, Beijing time (+08:00, no summer time). */

const BEIJING_OFFSET_MS = 8 * 3_600_000;
const PATTERN =
  /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;

export function formatTime(unixMs: number): string {
  return `${new Date(unixMs + BEIJING_OFFSET_MS).toISOString().slice(0, 19)}+08:00`;
}

/** `20260102030405` in Beijing: the day part of prepay and transaction ids. */
export function compactTime(unixMs: number): string {
  return formatTime(unixMs).slice(0, 19).replace(/[-T:]/g, '');
}

/** `20260102030405`, as APIv2 writes it, in Beijing. */
export function parseCompactTime(text: string): number | undefined {
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(text);
  if (parts === null) return undefined;
  const [, year, month, day, hour, minute, second] = parts;
  return parseTime(`${year}-${month}-${day}T${hour}:${minute}:${second}+08:00`);
}

export function parseTime(text: string): number | undefined {
  if (!PATTERN.test(text)) return undefined;
  const unixMs = Date.parse(text);
  return Number.isNaN(unixMs) ? undefined : unixMs;
}
