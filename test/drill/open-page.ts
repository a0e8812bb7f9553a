/**
 * What a buyer has open when the keys change: the cashier, its live stream, a friend's link, the
 * wallet's redirect that will say who pays, and the shop's client_secret.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { call, type Json, type Marketplace } from '../helpers/api.ts';

const IN_WECHAT =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605 MicroMessenger/8.0.49';

export interface OpenPage {
  readonly intent: string;
  readonly clientSecret: string;
  readonly payToken: string;
  readonly friendToken: string;
  /** At the wallet, state and all: followed only after the rotation. */
  readonly authorizeUrl: string;
  readonly stream: { readonly text: () => string; readonly close: () => void };
}

const get = (url: string, agent = 'Mozilla/5.0'): Promise<Response> =>
  fetch(url, { redirect: 'manual', headers: { 'user-agent': agent } });

export async function openPage(shop: Marketplace): Promise<OpenPage> {
  const made = await shop.createIntent([2_300], { buyer: { id: 'b', device: 'wechat' } });
  const payToken = String(made.cashier_url).split('/pay/')[1] ?? '';
  const page = await (await get(`${shop.url}/pay/${payToken}`)).text();
  const friendToken = /\/pay\/(f[0-9A-Z]{13}[0-9a-f]{40})/.exec(page)?.[1];
  if (friendToken === undefined) throw new Error('the page shows no link for a friend');
  const asked = await get(
    `${shop.url}/pay/${payToken}/payer?wallet=wechatpay&product=jsapi`,
    IN_WECHAT,
  );
  const authorizeUrl = asked.headers.get('location') ?? '';
  if (!authorizeUrl.includes('state='))
    throw new Error(`no redirect to the wallet: ${asked.status} ${authorizeUrl}`);
  return {
    intent: String(made.id),
    clientSecret: String(made.client_secret),
    payToken,
    friendToken,
    authorizeUrl,
    stream: listen(`${shop.url}/pay/${payToken}/events`),
  };
}

function listen(url: string): OpenPage['stream'] {
  const abort = new AbortController();
  let text = '';
  const reading = async (): Promise<void> => {
    const response = await fetch(url, { signal: abort.signal });
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) text += decoder.decode(chunk as Uint8Array);
  };
  reading().catch(() => undefined);
  return { text: () => text, close: () => abort.abort() };
}

/** What of it does not work any more, through the process of `shop`. */
export async function brokenOf(page: OpenPage, shop: Marketplace): Promise<string[]> {
  const broken: string[] = [];
  const cashier = await get(`${shop.url}/pay/${page.payToken}`);
  if (cashier.status !== 200) broken.push(`a cashier answers ${cashier.status}`);
  const friend = await get(`${shop.url}/pay/${page.friendToken}`);
  if (friend.status !== 200) broken.push(`a friend's link answers ${friend.status}`);
  const secret = await call('GET', `${shop.url}/v1/payment_intents/${page.intent}`, {
    headers: { 'hutong-client-secret': page.clientSecret },
  });
  if (secret.status !== 200) broken.push(`a client_secret answers ${secret.status}`);
  return broken;
}

/** The buyer comes back from the wallet, which says who pays: an attempt is started. */
export async function comeBack(page: OpenPage, shop: Marketplace): Promise<string[]> {
  const wallet = await get(page.authorizeUrl, IN_WECHAT);
  const back = new URL(wallet.headers.get('location') ?? 'http://none');
  const returned = await get(`${shop.url}${back.pathname}${back.search}`, IN_WECHAT);
  const location = returned.headers.get('location') ?? '';
  const went = returned.status === 303 && !location.includes('notice=');
  const problems = went ? [] : [`an OAuth state answers ${returned.status} ${location}`];
  // The stream that was opened before reports what happens now.
  for (let round = 0; round < 50 && !page.stream.text().includes('event: '); round += 1)
    await sleep(100);
  if (!page.stream.text().includes('event: ')) problems.push('a live stream fell silent');
  return problems;
}

/** Ends it, so that its key may retire. */
export async function abandon(page: OpenPage, shop: Marketplace): Promise<void> {
  page.stream.close();
  const path = `${shop.url}/v1/payment_intents/${page.intent}/cancel`;
  const answer = await call('POST', path, { key: shop.key });
  if (answer.status !== 200) throw new Error(`cancel: ${JSON.stringify(answer.body as Json)}`);
}
