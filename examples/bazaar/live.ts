/**
 * Live order pages by server-sent events: an order's revision is all that is sent; the page fetches
 * itself again when it shows an older one. Losing a stream loses nothing.
 */
import type { ServerResponse } from 'node:http';

const HEARTBEAT_MS = 15_000;
const STREAMS_MAX = 500;

export interface Live {
  /** False when too many streams are open: the page then falls back to asking. */
  readonly follow: (orderNo: string, revision: number, response: ServerResponse) => boolean;
  readonly notify: (orderNo: string, revision: number) => void;
  readonly stop: () => void;
}

export function createLive(): Live {
  const streams = new Map<ServerResponse, string>();
  const heartbeat = setInterval(() => {
    for (const response of streams.keys()) response.write(': still here\n\n');
  }, HEARTBEAT_MS);
  heartbeat.unref();
  return {
    follow: (orderNo, revision, response) => {
      if (streams.size >= STREAMS_MAX) return false;
      response.writeHead(200, {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'x-accel-buffering': 'no',
      });
      response.write(`retry: 2000\ndata: ${revision}\n\n`);
      streams.set(response, orderNo);
      response.on('close', () => streams.delete(response));
      return true;
    },
    notify: (orderNo, revision) => {
      for (const [response, no] of streams) {
        if (no === orderNo) response.write(`data: ${revision}\n\n`);
      }
    },
    stop: () => {
      clearInterval(heartbeat);
      for (const response of streams.keys()) response.end();
      streams.clear();
    },
  };
}
