/** Whether this process can serve, and whether it sweeps. */
import { ok } from '../../kernel/result.ts';
import { readMarketplaces } from '../../store/merchant/marketplaces.ts';
import type { Outcome } from './outcome.ts';
import type { Platform } from './platform.ts';
import { attemptRead } from './read-payment.ts';

/** `skewed`: the wall clock differs from the database's; this process leaves sweeping to others. */
export async function readiness(
  platform: Platform,
): Outcome<{ readonly clock: 'right' | 'skewed' }> {
  const read = await attemptRead(() => readMarketplaces(platform.db));
  return read.ok ? ok({ clock: platform.share() === null ? 'skewed' : 'right' }) : read;
}
