/** Opens a city of one corner shop on a free port, and calls it as an outsider would. */
import http from 'node:http';
import { type OpenCity, openCity } from '../../sandbox/city.ts';
import { cornerShop } from './corner-shop-gateway.ts';
import { temporaryDir } from './support.ts';

export const REQUESTS = [{ label: 'credentials', name: '测试', subMerchantNames: ['一', '二'] }];

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever came
  readonly json: any;
}

export function openTestCity(
  options: { dir?: string; host?: string; controlToken?: string; notices?: string[] } = {},
): Promise<OpenCity> {
  return openCity({
    dir: options.dir ?? temporaryDir(),
    host: options.host ?? '127.0.0.1',
    port: 0,
    allowLocalCallbacks: true,
    controlToken: options.controlToken ?? null,
    makers: [cornerShop],
    log: (line) => options.notices?.push(line),
  });
}

export function call(
  url: string,
  method: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    // The path as it was given: URL would normalise it.
    const path = url.slice(url.indexOf('/', 'http://'.length));
    const request = http.request(
      { hostname, port, path, method, headers, agent: false },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          const isJson = response.headers['content-type']?.startsWith('application/json');
          const json = isJson ? JSON.parse(text) : undefined;
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json });
        });
      },
    );
    request.on('error', reject);
    request.end(typeof body === 'string' || body === undefined ? body : JSON.stringify(body));
  });
}

export async function createOrder(
  city: OpenCity,
  no: string,
  notify: string,
  seconds = 7_200,
): Promise<string> {
  const answer = await call(`${city.url}/v3/orders`, 'POST', { no, amount: 1234, notify, seconds });
  return answer.text;
}
