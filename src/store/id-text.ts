/** Ids in SQL. */

/** An id as it is written: its prefix, and 13 digits of 5 bits. */
export const idText = (
  prefix: string,
  column: string,
): string => `'${prefix}_' || (select string_agg(
    substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', ((${column} >> (60 - 5 * n)) & 31)::integer + 1, 1),
    '' order by n) from generate_series(0, 12) n)`;
