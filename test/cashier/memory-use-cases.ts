/** The cashier's use cases over one payment held in memory, and a record of what was asked. */

import type { CashierUseCases } from '../../src/cashier/show.ts';
import { type HutongError, hutongError } from '../../src/core/errors.ts';
import { formatId, packId } from '../../src/core/id.ts';
import type { Payment } from '../../src/core/payment.ts';
import { err, ok, type Result } from '../../src/core/result.ts';
import type { CashierView, Offers, StartAttemptInput } from '../../src/flows/use-cases.ts';
import { NOW_MS } from './fixtures.ts';
import { type MemoryCounters, memoryCounters } from './memory-counters.ts';

export const BUYER_TOKEN = 'pt_buyer_5tq0J2n8wVfXk1Ys7dLr3A';
export const FRIEND_TOKEN = 'pt_friend_8HcW4m2kQe6Zp0Vt9uGx1B';

export const SHORT_CODE = '0000000000001a1b2c3d4e5f6a7b8c9d0';

export interface Memory {
  readonly useCases: CashierUseCases;
  readonly counters: MemoryCounters;
  view: CashierView;
  offers: Result<Offers, HutongError>;
  started: StartAttemptInput[];
  devices: (string | null)[];
  startAnswer: HutongError | null;
  exchangeAnswer: HutongError | null;
  openAnswer: HutongError | null;
  /** Moves the payment on and wakes who waits. */
  change: (view: CashierView) => void;
}

export function memoryUseCases(view: CashierView, offers: Offers): Memory {
  let sequence = 0;
  const counters = memoryCounters(view);
  const waiters = new Set<() => void>();
  const memory: Memory = {
    view,
    offers: ok(offers),
    started: [],
    devices: [],
    counters,
    startAnswer: null,
    exchangeAnswer: null,
    openAnswer: null,
    change: (next) => {
      memory.view = next;
      for (const wake of waiters) wake();
      waiters.clear();
    },
    useCases: {
      openCashier: async (token) => {
        if (memory.openAnswer !== null) return err(memory.openAnswer);
        if (token === BUYER_TOKEN) return ok(memory.view);
        if (token === FRIEND_TOKEN) return ok({ ...memory.view, kind: 'friend' });
        return err(hutongError('not_found', 'no such payment'));
      },
      listOffers: async (_marketplace, _intent, device) => {
        memory.devices.push(device);
        return memory.offers;
      },
      startAttempt: async (input) => {
        memory.started.push(input);
        if (memory.startAnswer !== null) return err(memory.startAnswer);
        const attempt = memory.view.payment.attempts.at(-1) ?? null;
        return attempt === null
          ? err(hutongError('internal', 'the test gave no attempt to start'))
          : ok({ payment: memory.view.payment, attempt: { ...attempt, id: input.id } });
      },
      newId: (kind, shard) => {
        sequence += 1;
        return formatId(
          kind,
          packId({ unixMs: NOW_MS, shard, process: 2, sequence: sequence % 128 }),
        );
      },
      payTokenOf: (_payment: Payment, kind) => (kind === 'buyer' ? BUYER_TOKEN : FRIEND_TOKEN),
      payerAuthorizeUrl: async (_token, wallet, product) =>
        ok(`https://wallet.example/authorize?wallet=${wallet}&product=${product}&state=s1`),
      exchangePayerCode: async (_token, state, code) => {
        if (memory.exchangeAnswer !== null || state !== 's1' || code !== 'c1') {
          return err(memory.exchangeAnswer ?? hutongError('parameter_invalid', 'state'));
        }
        return ok({ wallet: 'wechatpay', product: 'jsapi', payer: { openid: 'openid-secret' } });
      },
      counters,
      openCode: async (code) =>
        code === SHORT_CODE ? ok(BUYER_TOKEN) : err(hutongError('not_found', 'no such code')),
      waitForChange: (payment, timeoutMs) =>
        new Promise((resolve) => {
          if (memory.view.payment.intent.version > payment.intent.version) return resolve();
          const timer = setTimeout(resolve, Math.min(timeoutMs, 50));
          waiters.add(() => {
            clearTimeout(timer);
            resolve();
          });
        }),
    },
  };
  return memory;
}
