/**
 * Delivers callbacks until they are acknowledged or the wallet's own schedule is exhausted. Retries
 * wait on the city clock, the deadline of one delivery uses the real one. A callback starts at once
 * when it is sent; waiting retries survive a restart. Each origin gets a lane of its own, so a dead
 * shop never delays another. Redirects are not followed: no wallet does.
 */
import { must } from '../../src/kernel/assert.ts';
import type { WalletName } from '../../src/kernel/wallet-names.ts';
import type { Clock } from '../../src/runtime/clock.ts';
import type { HttpClient } from '../../src/runtime/http-client.ts';
import type { Random } from '../../src/runtime/random.ts';
import { type CheckedUrl, checkCallbackUrl } from './callback-url.ts';
import type { CityClock } from './city-clock.ts';
import type { DeliveryLog } from './delivery-log.ts';
import { type DueIndex, openDueIndex } from './due-index.ts';
import type { OpenJournal } from './journal.ts';
import type {
  CallbackOrder,
  CallbackPolicy,
  CallbackQueue,
  Collection,
  Explanation,
  Explanations,
  FaultName,
  Faults,
} from './kit.ts';
import { createLanes, type Lanes } from './lanes.ts';

/** The delay of `callback_late`, and how long `callback_reordered` waits to be overtaken. */
const LATE_MS = 60_000;
const REORDER_WAIT_MS = 60_000;

const ACTIVE_PER_ORIGIN_MAX = 128;
const ANSWER_BYTES_MAX = 65_536;
/** Broken connections in a row before a delivery counts as failed. */
const BREAK_COUNT_MAX = 3;
const TIMER_MS_MAX = 2 ** 31 - 1;

const DELIVERY_FAULTS = [
  'callback_lost',
  'callback_duplicated',
  'callback_bad_signature',
  'signtest',
  'key_rotated',
] as const satisfies readonly FaultName[];
const WAITING_FAULTS = ['callback_late', 'callback_reordered'] as const satisfies FaultName[];

export interface OpenCallbackQueue extends CallbackQueue {
  /** City time of the next waiting delivery; null = nothing waits. */
  readonly nextDueMs: () => number | null;
  /** Starts what is due now and resolves when nothing is in flight. */
  readonly settle: () => Promise<void>;
  /** Resolves when the deliveries in flight have ended; no further one starts. */
  readonly close: () => Promise<void>;
}

export interface CallbackQueueOptions {
  readonly clock: CityClock;
  readonly wall: Clock;
  readonly random: Random;
  readonly journal: OpenJournal;
  readonly faults: Faults;
  readonly explanations: Explanations;
  readonly deliveries: DeliveryLog;
  readonly http: HttpClient;
  readonly allowLocalCallbacks: boolean;
}

/** One callback being delivered. */
interface DeliveryJob {
  readonly id: string;
  readonly order: CallbackOrder;
  /** Deliveries made. */
  readonly tries: number;
  readonly dueMs: number;
  /** Delayed once by a fault: never delayed again. */
  readonly wasPutOff: boolean;
  /** Waits for another callback of this wallet and merchant to overtake it. */
  readonly isHeld: boolean;
}

interface State extends CallbackQueueOptions {
  readonly jobs: Collection<DeliveryJob>;
  readonly policies: Map<WalletName, CallbackPolicy>;
  readonly due: DueIndex;
  readonly lanes: Lanes;
  /** Jobs that a lane has taken: coming due meanwhile starts nothing. */
  readonly underWay: Set<string>;
  readonly held: Set<string>;
  timer: NodeJS.Timeout | undefined;
  isOpen: boolean;
}

export function openCallbackQueue(options: CallbackQueueOptions): OpenCallbackQueue {
  const state: State = {
    ...options,
    jobs: options.journal.collection<DeliveryJob>('courier'),
    policies: new Map(),
    due: openDueIndex(),
    lanes: createLanes(ACTIVE_PER_ORIGIN_MAX),
    underWay: new Set(),
    held: new Set(),
    timer: undefined,
    isOpen: true,
  };
  const stopListening = options.clock.onMoved(() => startDue(state));
  return {
    register: (wallet, policy) => {
      state.policies.set(wallet, policy);
      for (const job of state.jobs.values()) {
        if (job.order.wallet === wallet) wait(state, job);
      }
    },
    send: (order) => {
      must(state.policies.get(order.wallet), `the callback policy of ${order.wallet}`);
      const id = options.random.bytes(12).toString('hex');
      const dueMs = options.clock.nowMs();
      keep(state, { id, order, tries: 0, dueMs, wasPutOff: false, isHeld: false });
    },
    nextDueMs: state.due.nextDueMs,
    settle: async () => {
      startDue(state);
      await state.lanes.idle();
    },
    close: async () => {
      state.isOpen = false;
      stopListening();
      clearTimeout(state.timer);
      await state.lanes.idle();
    },
  };
}

function keep(state: State, job: DeliveryJob): void {
  state.jobs.put(job.id, job);
  wait(state, job);
}

function wait(state: State, job: DeliveryJob): void {
  const { id, dueMs, isHeld } = job;
  if (isHeld) state.held.add(id);
  const owed = () => {
    const waiting = state.jobs.get(id);
    const isOwed = waiting?.dueMs === dueMs && !state.underWay.has(id);
    return isOwed ? () => start(state, waiting) : undefined;
  };
  state.due.watch({ dueMs, owed });
  startDue(state);
}

function startDue(state: State): void {
  clearTimeout(state.timer);
  if (!state.isOpen) return;
  const { due, clock } = state;
  due.run(clock.nowMs());
  const nextMs = due.nextDueMs();
  if (nextMs === null) return;
  // A timer may fire a little early; the next look arms it again.
  const leftMs = Math.min(Math.max(nextMs - clock.nowMs(), 0), TIMER_MS_MAX);
  state.timer = setTimeout(() => startDue(state), leftMs).unref();
}

function start(state: State, job: DeliveryJob): void {
  state.underWay.add(job.id);
  const origin = URL.canParse(job.order.url) ? new URL(job.order.url).origin : '';
  state.lanes.run(origin, async () => {
    // Flushed first: state must be with the operating system before it is sent out.
    state.journal.flush();
    const next = state.isOpen ? await handle(state, job) : job;
    state.underWay.delete(job.id);
    if (!state.isOpen && next !== undefined) return;
    if (next === undefined) state.jobs.delete(job.id);
    else keep(state, next);
  });
}

/** Returns the job to wait for its next try; undefined = finished. */
async function handle(state: State, job: DeliveryJob): Promise<DeliveryJob | undefined> {
  const { order } = job;
  const point = {
    wallet: order.wallet,
    operation: 'callback',
    orderNo: order.orderNo,
    merchant: order.merchant,
  } as const;
  const putOff = job.wasPutOff ? undefined : state.faults.take(point, WAITING_FAULTS);
  if (putOff !== undefined) return putOffBy(state, job, putOff);
  const fault = state.faults.take(point, DELIVERY_FAULTS);
  const isTaken = await deliver(state, job, fault);
  if (!state.isOpen && !isTaken) return job;
  releaseHeld(state, job);
  return isTaken ? undefined : retry(state, job);
}

function putOffBy(state: State, job: DeliveryJob, fault: FaultName): DeliveryJob {
  const isHeld = fault === 'callback_reordered';
  const dueMs = state.clock.nowMs() + (isHeld ? REORDER_WAIT_MS : LATE_MS);
  record(state, job, { outcome: 'put_off', answer: '', fault, tookMs: 0 });
  return { ...job, dueMs, wasPutOff: true, isHeld };
}

function retry(state: State, job: DeliveryJob): DeliveryJob | undefined {
  const policy = must(state.policies.get(job.order.wallet), 'a registered policy');
  const delayMs = policy.retryDelaysMs[job.tries];
  const tries = job.tries + 1;
  if (delayMs === undefined) {
    record(state, job, { outcome: 'given_up', answer: '', fault: null, tookMs: 0 });
    return undefined;
  }
  return { ...job, tries, dueMs: state.clock.nowMs() + delayMs, isHeld: false };
}

/** A callback that overtook another releases it. */
function releaseHeld(state: State, overtaker: DeliveryJob): void {
  for (const id of state.held) {
    const job = state.jobs.get(id);
    if (job === undefined || !job.isHeld) {
      state.held.delete(id);
      continue;
    }
    const isOvertaken =
      job.id !== overtaker.id &&
      job.order.wallet === overtaker.order.wallet &&
      job.order.merchant === overtaker.order.merchant;
    if (isOvertaken) keep(state, { ...job, isHeld: false, dueMs: state.clock.nowMs() });
  }
}

/** True = acknowledged, so the wallet never sends it again. */
async function deliver(
  state: State,
  job: DeliveryJob,
  fault: FaultName | undefined,
): Promise<boolean> {
  switch (fault) {
    case 'callback_lost':
      record(state, job, { outcome: 'lost', answer: '', fault, tookMs: 0 });
      return false;
    case 'callback_duplicated': {
      const both = await Promise.all([
        post(state, job, fault, undefined),
        post(state, job, fault, undefined),
      ]);
      return both.includes(true);
    }
    case 'callback_bad_signature':
    case 'signtest':
      // A wrong signature is a probe: acknowledging it must not end the delivery of the real one.
      if (await post(state, job, fault, fault)) complain(state, job, fault);
      return false;
    case 'key_rotated':
      return post(state, job, fault, fault);
    default:
      return post(state, job, fault ?? null, undefined);
  }
}

async function post(
  state: State,
  job: DeliveryJob,
  fault: FaultName | null,
  flaw: Parameters<CallbackPolicy['compose']>[1],
): Promise<boolean> {
  const { order } = job;
  const policy = must(state.policies.get(order.wallet), 'a registered policy');
  const startedMs = state.wall.nowMs();
  const end = (outcome: 'acknowledged' | 'refused' | 'failed', answer: string) => {
    const tookMs = state.wall.nowMs() - startedMs;
    record(state, job, { outcome, answer, fault, tookMs });
    return outcome === 'acknowledged';
  };
  const target = await checkCallbackUrl(order.url, { allowLocal: state.allowLocalCallbacks });
  if (!target.ok) {
    const [expected, hint] = [
      'an https URL on the public internet',
      `${order.url}: ${target.error}`,
    ];
    if (job.tries === 0) explain(state, job, { what: 'not sent', expected, hint });
    return end('failed', `not sent: ${target.error}`);
  }
  let answer: Awaited<ReturnType<HttpClient['send']>>;
  try {
    answer = await exchange(state, policy, order, flaw, target.value);
  } catch (error) {
    // A defect of a gateway; the city's other callbacks continue.
    return end('failed', `not composed: ${error instanceof Error ? error.message : 'unknown'}`);
  }
  if (!answer.ok) return end('failed', `${answer.error.kind}: ${answer.error.message}`);
  const isTaken = policy.isAcknowledged(answer.value, order);
  return end(isTaken ? 'acknowledged' : 'refused', String(answer.value.status));
}

/**
 * The receiver may close a kept-alive connection just as it is used again. That is no answer of the
 * shop's, so it is repeated on another connection before the schedule counts a try.
 */
async function exchange(
  state: State,
  policy: CallbackPolicy,
  order: CallbackOrder,
  flaw: Parameters<CallbackPolicy['compose']>[1],
  target: CheckedUrl,
): ReturnType<HttpClient['send']> {
  for (let breakCount = 0; ; breakCount += 1) {
    const composed = await policy.compose(order, flaw);
    const answer = await state.http.send({
      method: 'POST',
      url: target.url,
      headers: composed.headers,
      body: composed.body,
      timeoutMs: policy.timeoutMs,
      responseBytesMax: ANSWER_BYTES_MAX,
      ...(target.address === undefined ? {} : { address: target.address }),
    });
    const isBroken = !answer.ok && answer.error.kind === 'broken';
    if (!isBroken || breakCount === BREAK_COUNT_MAX || !state.isOpen) return answer;
  }
}

function record(
  state: State,
  job: DeliveryJob,
  what: Pick<Parameters<DeliveryLog['add']>[0], 'outcome' | 'answer' | 'fault' | 'tookMs'>,
): void {
  const { wallet, kind, orderNo, url } = job.order;
  const atMs = state.clock.nowMs();
  state.deliveries.add({ atMs, wallet, kind, orderNo, url, tryNo: job.tries + 1, ...what });
}

function complain(state: State, job: DeliveryJob, fault: FaultName): void {
  explain(state, job, {
    what: 'acknowledged although its signature was wrong',
    expected: 'a refusal (the real wallet sends such probes)',
    hint: `the fault ${fault} was armed: the receiver does not verify signatures`,
  });
}

function explain(
  state: State,
  { order }: DeliveryJob,
  { what, ...why }: Pick<Explanation, 'what' | 'expected' | 'hint'>,
): void {
  const { wallet, orderNo } = order;
  state.explanations.add({
    wallet,
    what: `callback of ${orderNo} ${what}`,
    received: null,
    ...why,
  });
}
