/**
 * Live status by server-sent events. A stream reports only that something changed, and the new
 * version; the page then reloads itself. It ends at a terminal status, and after a bounded number
 * of heartbeats (the browser reconnects with the version it has seen), so no stream lives for ever.
 * Its payment is read when the stream opens and when it has changed; a heartbeat reads nothing.
 */

import { INTENT_STATES, type Payment } from '../core/payment/model.ts';
import type { Outcome } from '../flows/base/outcome.ts';
import type { CashierView } from '../flows/payment/open-cashier.ts';
import type { CashierUseCases } from './show.ts';

const HEARTBEAT_MS = 15_000;
const HEARTBEAT_COUNT_MAX = 40;
const RECONNECT_MS = 3_000;
const STILL_HERE = ': still here\n\n';
/** Per token: a page open in a few tabs and on a phone. */
const STREAM_COUNT_MAX = 8;

/** The part of a server response that a stream needs. */
export interface EventSink {
  readonly write: (text: string) => unknown;
  readonly end: () => unknown;
  readonly onClose: (listener: () => void) => void;
}

export interface EventStreams {
  /** False if this token has too many streams already. */
  readonly admits: (payToken: string) => boolean;
  readonly run: (stream: {
    readonly payToken: string;
    readonly seenVersion: number;
    readonly sink: EventSink;
  }) => Promise<void>;
  /** At shutdown: browsers reconnect, to another process. */
  readonly endAll: () => void;
}

export function eventStreams(useCases: CashierUseCases): EventStreams {
  const open = new Map<string, Set<() => void>>();
  let isEnding = false;
  return {
    admits: (payToken) => (open.get(payToken)?.size ?? 0) < STREAM_COUNT_MAX,
    run: async ({ payToken, seenVersion, sink }) => {
      const stop = register(open, payToken, sink);
      // Its payment was still being read when the process began to shut down.
      if (isEnding) stop.now();
      try {
        await streamStatus({
          open: () => useCases.openCashier(payToken),
          wait: (payment) =>
            useCases.waitForChange(payment, { timeoutMs: HEARTBEAT_MS, signal: stop.signal }),
          isStopped: () => stop.signal.aborted,
          seenVersion,
          write: sink.write,
        });
      } finally {
        stop.now();
      }
    },
    endAll: () => {
      isEnding = true;
      for (const stops of [...open.values()]) for (const stop of [...stops]) stop();
    },
  };
}

function register(
  open: Map<string, Set<() => void>>,
  payToken: string,
  sink: EventSink,
): { readonly now: () => void; readonly signal: AbortSignal } {
  const stopping = new AbortController();
  const stops = open.get(payToken) ?? new Set();
  open.set(payToken, stops);
  const now = (): void => {
    if (stopping.signal.aborted) return;
    stopping.abort();
    stops.delete(now);
    if (stops.size === 0) open.delete(payToken);
    sink.end();
  };
  stops.add(now);
  sink.onClose(now);
  return { now, signal: stopping.signal };
}

interface StreamOptions {
  readonly open: () => Outcome<CashierView>;
  /** True: it has changed; false: a heartbeat is due. */
  readonly wait: (payment: Payment) => Promise<boolean>;
  readonly isStopped: () => boolean;
  readonly seenVersion: number;
  readonly write: (text: string) => unknown;
}

async function streamStatus(stream: StreamOptions): Promise<void> {
  if (stream.isStopped()) return;
  let seenVersion = stream.seenVersion;
  stream.write(`retry: ${RECONNECT_MS}\n\n`);
  for (let beats = 0; beats < HEARTBEAT_COUNT_MAX; ) {
    const opened = await stream.open();
    if (!opened.ok || stream.isStopped()) return;
    const { payment } = opened.value;
    const { version, status } = payment.intent;
    const isTerminal = INTENT_STATES.isTerminal(status);
    if (version > seenVersion) {
      stream.write(event(isTerminal ? 'end' : 'change', { version, status }));
      seenVersion = version;
    } else {
      stream.write(STILL_HERE);
      beats += 1;
      if (isTerminal) stream.write(event('end', { version, status }));
    }
    if (isTerminal) return;
    while (!(await stream.wait(payment))) {
      beats += 1;
      if (stream.isStopped() || beats >= HEARTBEAT_COUNT_MAX) return;
      stream.write(STILL_HERE);
    }
    if (stream.isStopped()) return;
  }
}

function event(name: string, data: { readonly version: number; readonly status: string }): string {
  return `id: ${data.version}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
