/**
 * What PostgreSQL's planner may choose. Every statement of a batch finds its rows by a key, and a
 * prepared statement keeps its plan: a plan made while a table was small or never analyzed (as in
 * PGlite, which has no autovacuum) would scan the whole table for ever. Readers are free to choose:
 * they run the lists and sums. No statement runs long enough for JIT compilation to pay.
 */
const BY_KEY = ['enable_seqscan', 'enable_hashjoin', 'enable_mergejoin'] as const;

export const READER_PLANNER: readonly string[] = ['jit=off'];
export const LANE_PLANNER = [...READER_PLANNER, ...BY_KEY.map((name) => `${name}=off`)];
/**
 * For a server's lanes: a statement is planned once. Each run of it would be planned anew where its
 * table has partitions, since a plan for known values seems cheaper: for a small batch, planning
 * costs more than the rest. With values unknown, the executor passes over partitions all the same.
 */
export const LANE_PLANS = 'plan_cache_mode=force_generic_plan';
/** Citus plans no insert whose values it does not know. */
export const PLANS_ON_CITUS =
  "select set_config('plan_cache_mode', 'auto', false) from pg_extension where extname = 'citus'";
/** For a script: a migration may have to go over whole tables. */
export const SCRIPT_PLANNER = BY_KEY.map((name) => `${name}=on`);

/** As a connection's `options`. */
export function asOptions(settings: readonly string[]): string {
  return settings.map((one) => `-c ${one}`).join(' ');
}
