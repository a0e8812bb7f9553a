/** RFC 3339 as WeChat Pay writes it: seconds, in Beijing time. APIv2 writes it compact. */
import { beijingIso } from '../beijing-time.ts';

const PATTERN =
  /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;

export function formatTime(unixMs: number): string {
  return `${beijingIso(unixMs).slice(0, 19)}+08:00`;
}

export function parseTime(text: string): number | undefined {
  if (!PATTERN.test(text)) return undefined;
  const unixMs = Date.parse(text);
  return Number.isNaN(unixMs) ? undefined : unixMs;
}
