/**
 * Times leave the platform as RFC 3339 in UTC with milliseconds, and nothing else. Inside, a time
 * is a number of Unix milliseconds.
 */
export function rfc3339(unixMs: number): string {
  return new Date(unixMs).toISOString();
}
