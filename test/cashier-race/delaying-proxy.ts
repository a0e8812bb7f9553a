/**
 * A slow line between a browser and the platform. Everything passes unchanged, live streams
 * included, except two answers for one given page: the one to the click (the POST's 303) is delayed
 * as requested, and the document that it leads to comes a moment later, so that a live update can
 * fall before the 303, between the two, and after both.
 */
import http from 'node:http';
import type { AddressInfo } from 'node:net';

export interface DelayingProxy {
  readonly url: string;
  /** Of the page at this path; the press is a POST below it. */
  readonly delayPress: (pagePath: string, delayMs: number) => void;
  readonly close: () => Promise<void>;
}

/** Longer than a live update takes to arrive and be fetched. */
const DOCUMENT_MS = 250;

export async function openDelayingProxy(upstreamUrl: string): Promise<DelayingProxy> {
  const upstream = new URL(upstreamUrl);
  const delays = new Map<string, number>();
  const pressed = new Set<string>();
  const delayOf = ({ method, url = '', headers }: http.IncomingMessage): number => {
    const path = [...delays.keys()].find((known) => url.startsWith(known));
    if (path === undefined) return 0;
    if (method === 'POST') {
      pressed.add(path);
      return delays.get(path) ?? 0;
    }
    const isDocument = headers['sec-fetch-dest'] === 'document';
    return isDocument && pressed.has(path) ? DOCUMENT_MS : 0;
  };
  const server = http.createServer((request, response) => {
    const sent = http.request(
      {
        host: upstream.hostname,
        port: upstream.port,
        method: request.method,
        path: request.url,
        headers: request.headers,
      },
      (answer) => {
        const answerNow = (): void => {
          response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
          answer.pipe(response);
        };
        const delayMs = delayOf(request);
        if (delayMs === 0) answerNow();
        else setTimeout(answerNow, delayMs);
      },
    );
    sent.on('error', () => response.destroy());
    response.on('close', () => sent.destroy());
    request.pipe(sent);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    delayPress: (pagePath, delayMs) => void delays.set(pagePath, delayMs),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
