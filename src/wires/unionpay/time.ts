/** ACP times: YYYYMMDDhhmmss in Beijing; settleDate is MMDD. */
import { compactTime } from '../beijing-time.ts';

const HOUR_MS = 3_600_000;

/**
 * The clearing day (清算日) that a moment belongs to, YYYYMMDD: it runs from 23:00 to 23:00 Beijing
 * and is named by the day it ends on.
 */
export function clearingDay(unixMs: number): string {
  return compactTime(unixMs + HOUR_MS).slice(0, 8);
}
