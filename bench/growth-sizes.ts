/** How many payments the large database has, and how few it may. */
export const PAYMENTS_DEFAULT = 2_000_000;
export const PAYMENTS_MIN = 10_000;
