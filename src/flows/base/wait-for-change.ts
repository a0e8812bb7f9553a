/** Live status: woken by changes of this process, and polls every 2 s for those of others. */
import type { Payment } from '../../core/payment/model.ts';
import { readPayment } from '../../store/payment/queries.ts';
import type { Platform } from './platform.ts';

const LOOK_EVERY_MS = 2_000;

export async function waitForChange(
  platform: Platform,
  payment: Payment,
  timeoutMs: number,
): Promise<void> {
  const { id, version } = payment.intent;
  const untilMs = platform.wall.nowMs() + timeoutMs;
  for (let leftMs = timeoutMs; leftMs > 0; leftMs = untilMs - platform.wall.nowMs()) {
    await platform.changes.wait(id, Math.min(LOOK_EVERY_MS, leftMs));
    const now = await readPayment(platform.db, id).catch(() => undefined);
    if (now !== undefined && now.intent.version > version) return;
  }
}
