/**
 * A genuine callback of UnionPay that has not been delivered: what its page posts to lead the buyer
 * back carries the same signed fields. And forgeries of it, of numbers that are not ours and of its
 * own.
 */
import type { Genuine } from './flood.ts';
import type { Stage } from './stage.ts';

const INPUT = /name="([^"]+)" value="([^"]*)"/g;

const plain = (html: string) =>
  html
    .replace(/&#(\d+);/g, (_all, code: string) => String.fromCodePoint(Number(code)))
    .replaceAll('&quot;', '"')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');

async function api(stage: Stage, path: string, body: unknown): Promise<Record<string, unknown>> {
  const answer = await stage.composed.server.inject({
    method: 'POST',
    url: path,
    headers: {
      authorization: `Bearer ${stage.taobao.key}`,
      'content-type': 'application/json',
      'idempotency-key': `genuine-${path}-${Date.now()}`,
    },
    payload: JSON.stringify(body),
  });
  if (answer.statusCode >= 300) throw new Error(`${path}: ${answer.statusCode} ${answer.body}`);
  return JSON.parse(answer.body);
}

export async function genuineOf(stage: Stage): Promise<Genuine> {
  const [merchant] = stage.taobao.merchants;
  const intent = await api(stage, '/v1/payment_intents', {
    amount: 8_800,
    currency: 'cny',
    merchant_order_no: `G-${process.pid}-${Date.now()}`,
    description: 'A kettle',
    sub_orders: [{ merchant, amount: 8_800, description: 'A kettle' }],
    buyer: { id: 'buyer-1', device: 'mobile' },
  });
  const started = { wallet: 'unionpay', product: 'web' };
  const attempt = await api(stage, `/v1/payment_intents/${intent.id}/attempts`, started);
  const { action, fields } = attempt.next_action as {
    readonly action: string;
    readonly fields: Readonly<Record<string, string>>;
  };
  const form = { method: 'POST', body: new URLSearchParams(fields), redirect: 'manual' } as const;
  const page = (await fetch(action, form)).headers.get('location') ?? '';
  const code = { wallet: 'unionpay', code: { type: 'form', action, fields } };
  const { scan } = (await post(`${stage.cityUrl}/phone/scan`, code)) as { scan: string };
  await post(`${stage.cityUrl}/phone/pay`, { scan, outcome: 'success' });
  const html = await (await fetch(page)).text();
  const inputs = [...html.matchAll(INPUT)].map(([, name = '', value = '']) => [name, plain(value)]);
  const signed = Object.fromEntries(inputs) as Record<string, string>;
  const strangerNo = (index: number) => `${'0'.repeat(18)}${String(index).padStart(8, '0')}01`;
  return {
    path: new URL(fields.backUrl ?? '').pathname,
    body: new URLSearchParams(signed).toString(),
    // Every other one names the very order, so that its signature must be looked at.
    forge: (index) => {
      const orderId = index % 2 === 0 ? signed.orderId : strangerNo(index);
      const forged = { ...signed, orderId: orderId ?? '', txnAmt: String(index) };
      return new URLSearchParams(forged).toString();
    },
  };
}

async function post(url: string, body: unknown): Promise<unknown> {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}
