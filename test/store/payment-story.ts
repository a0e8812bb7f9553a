/** A payment's life as commands, made out of numbers, and what two answers to one must share. */

import type { Payment } from '../../src/core/payment/model.ts';
import type { HutongError } from '../../src/kernel/errors.ts';
import type { Id } from '../../src/kernel/id.ts';
import type { Result } from '../../src/kernel/result.ts';
import {
  cancel,
  closed,
  create,
  freshId,
  inOrder,
  type PaymentCommand,
  refund,
  refunded,
  reported,
  start,
  started,
  wantedPayment,
} from './engine-support.ts';

/** What must not differ: only the first caller learns that something was new. */
export function sameOf(answer: Result<{ readonly payment: Payment }, HutongError>): unknown {
  return answer.ok ? inOrder(answer.value.payment) : answer.error;
}

type Step = PaymentCommand<{ readonly payment: Payment }>;

/** A payment's life out of numbers: made, then whatever the numbers say, sensible or not. */
export function storyOf(steps: readonly number[], shard: number): Step[] {
  const wanted = wantedPayment({ shard });
  const root = wanted.intent.id;
  const attempts: Id<'payment_attempt'>[] = [];
  const refunds: Id<'refund'>[] = [];
  const story: Step[] = [create(wanted)];
  for (const step of steps) {
    const attempt = attempts.at(step % 2 === 0 ? -1 : 0);
    const back = refunds.at(-1);
    if (step <= 2 || attempt === undefined) {
      const id = freshId('payment_attempt', shard);
      attempts.push(id);
      story.push(start(root, id));
    } else if (step === 3) story.push(started(root, attempt));
    else if (step <= 5) story.push(reported(root, attempt, 'succeeded', `n-${step}`));
    else if (step === 6) story.push(reported(root, attempt, 'pending'));
    else if (step === 7) story.push(reported(root, attempt, 'closed'));
    else if (step === 8) story.push(closed(root, attempt));
    else if (step === 9) story.push(cancel(root));
    else if (step === 10 || back === undefined) {
      const id = freshId('refund', shard);
      refunds.push(id);
      story.push(refund(root, id, 300n));
    } else story.push(refunded(root, back, 'succeeded'));
  }
  return story;
}
