/**
 * What PostgreSQL's planner may choose. Every statement of a batch finds its rows by a key, and a
 * prepared statement keeps its plan: one made while a table was small, or never analysed (as in
 * PGlite, which has no autovacuum), would read the whole table for ever after. Readers choose
 * freely: theirs are the lists and sums. Nothing here runs long enough to be worth compiling.
 */
const BY_KEY = ['enable_seqscan', 'enable_hashjoin', 'enable_mergejoin'] as const;

export const READER_PLANNER: readonly string[] = ['jit=off'];
export const LANE_PLANNER = [...READER_PLANNER, ...BY_KEY.map((name) => `${name}=off`)];
/** For a script: a migration may have to go over whole tables. */
export const SCRIPT_PLANNER = BY_KEY.map((name) => `${name}=on`);

/** As a connection's `options`. */
export function asOptions(settings: readonly string[]): string {
  return settings.map((one) => `-c ${one}`).join(' ');
}
