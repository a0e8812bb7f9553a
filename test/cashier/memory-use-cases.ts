/** The cashier's use cases over one payment held in memory, and a record of what was asked. */

import type { CashierUseCases } from '../../src/cashier/show.ts';
import type { Payment } from '../../src/core/payment/model.ts';
import type { Offers } from '../../src/flows/offer/list-offers.ts';
import type { StartAttemptInput } from '../../src/flows/payment/choose-wallet.ts';
import type { HandOut, HandOutRefusal } from '../../src/flows/payment/hand-out.ts';
import type { CashierView } from '../../src/flows/payment/open-cashier.ts';
import { type HutongError, hutongError } from '../../src/kernel/errors.ts';
import { formatId, packId } from '../../src/kernel/id.ts';
import { err, ok, type Result } from '../../src/kernel/result.ts';
import { NOW_MS } from './fixtures.ts';
import { type MemoryCounters, memoryCounters } from './memory-counters.ts';

export const BUYER_TOKEN = 'pt_buyer_5tq0J2n8wVfXk1Ys7dLr3A';
export const FRIEND_TOKEN = 'pt_friend_8HcW4m2kQe6Zp0Vt9uGx1B';

export const SHORT_CODE = '0000000000001a1b2c3d4e5f6a7b8c9d0';

export const HAND_OUT_TOKEN = 'c0E0NV4J6X40000E0NV4J6X4001f2a4303ef49a90a4d2e2f33da20a1b0c0e45d620';

/** JD's form, as it would be made at this click. */
function handOutOf(view: CashierView, refusal: HandOutRefusal | null): HandOut {
  const { id, amountFen } = view.payment.intent;
  const told = { marketplace: view.marketplace, intent: id, amountFen, wallet: 'jdpay' } as const;
  if (refusal !== null) return { ...told, form: null, refusal };
  const fields = { version: 'V2.0', merchant: '22294531', tradeNum: 'a1b2c3', sign: 'c2lnbg==' };
  const action = 'https://wepay.jd.com/jdpay/saveOrder';
  return { ...told, form: { type: 'form', action, fields }, refusal: null };
}

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
  handOutRefusal: HandOutRefusal | null;
  handedOut: string[];
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
    handOutRefusal: null,
    handedOut: [],
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
      handOut: async (token) => {
        memory.handedOut.push(token);
        if (memory.openAnswer !== null) return err(memory.openAnswer);
        return token === HAND_OUT_TOKEN
          ? ok(handOutOf(memory.view, memory.handOutRefusal))
          : err(hutongError('not_found', 'no such payment'));
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
