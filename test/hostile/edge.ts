/**
 * Attacks on the edge as it is really wired, limits on, behind one proxy, with a name server that
 * never answers: made-up addresses, guessed keys, silent names, races for endpoints, needles in
 * paths. Each group says what held.
 */
import { randomBytes } from 'node:crypto';
import type { InjectOptions } from 'fastify';
import { must } from '../../src/kernel/assert.ts';
import { createHttpClient } from '../../src/runtime/http-client.ts';
import { createLog } from '../../src/runtime/log.ts';
import { type NameServer, openNameServer } from '../helpers/name-server.ts';
import type { GroupResult } from './attack.ts';
import { openStage, type Stage } from './stage.ts';

const PROXY = '10.0.0.1';
const COUNTER = '/c/ctr_0000000000001';
const ENDPOINTS = '/v1/webhook_endpoints';

interface Ground {
  readonly stage: Stage;
  readonly names: NameServer;
  readonly log: string[];
  readonly guesses: number;
}

type Check = (name: string, isSo: boolean, seen: unknown) => void;

/** `guesses`: how many keys are guessed, from a hundred addresses. */
export async function attackEdge(guesses: number): Promise<readonly GroupResult[]> {
  const names = await openNameServer({ names: {}, silent: /./ });
  const log: string[] = [];
  const stage = await openStage({
    rateLimit: { max: 1_000, windowMs: 10_000 },
    trustedProxies: { kind: 'hops', count: 1 },
    dnsServers: [names.address],
    webhookAllow: ['127.0.0.0/8', '::1'],
    log: createLog({ level: 'info', destination: { write: (line) => void log.push(line) } }),
  });
  const ground = { stage, names, log, guesses };
  try {
    return [
      await group('limits', ground, limits),
      await group('forwarded', ground, forwarded),
      await group('guessed_keys', ground, guessedKeys),
      await group('silent_names', ground, silentNames),
      await group('endpoint_races', ground, endpointRaces),
      await group('log_needles', ground, logNeedles),
    ];
  } finally {
    await stage.close();
    await names.close();
  }
}

async function group(
  name: string,
  ground: Ground,
  work: (ground: Ground, check: Check) => Promise<void>,
): Promise<GroupResult> {
  const result: GroupResult = { group: name, passed: 0, misses: [] };
  const check: Check = (what, isSo, seen) => {
    if (isSo) result.passed += 1;
    else result.misses.push(`${what}: ${JSON.stringify(seen)}`.slice(0, 300));
  };
  const before = ground.log.length;
  await work(ground, check);
  const errors = ground.log.slice(before).filter((line) => /"level":(50|60)|"stack"/.test(line));
  check('no error is logged', errors.length === 0, errors[0]);
  return result;
}

const ask = (stage: Stage, options: InjectOptions) =>
  stage.composed.server.inject({ remoteAddress: PROXY, ...options });

async function statusesOf(
  stage: Stage,
  count: number,
  options: (index: number) => InjectOptions,
): Promise<number[]> {
  const statuses: number[] = [];
  for (let index = 0; index < count; index += 1) {
    statuses.push((await ask(stage, options(index))).statusCode);
  }
  return statuses;
}

const passing = (statuses: readonly number[]): number =>
  statuses.filter((status) => status !== 429).length;

async function limits({ stage }: Ground, check: Check): Promise<void> {
  const headers = { 'x-forwarded-for': '198.51.100.1' };
  const looks = await statusesOf(stage, 125, () => ({ url: COUNTER, headers }));
  check('the first 120 looks pass', passing(looks.slice(0, 120)) === 120, looks.slice(0, 120));
  check('the 121st and later are 429', looks.slice(120).every(is429), looks.slice(120));
  check('none is 503', !looks.includes(503), looks);
  const paths = await statusesOf(stage, 125, (index) => ({ url: `/.env${index}`, headers }));
  check('unknown paths end in 429', paths.slice(120).every(is429), paths.slice(120));
  const page = await ask(stage, { url: COUNTER, headers });
  check('Retry-After is sent', Number(page.headers['retry-after']) > 0, page.headers);
}

const is429 = (status: number): boolean => status === 429;

/** What stands left of the proxy's own entry is the caller's invention. */
const INVENTED: readonly ((index: number) => string)[] = [
  (index) => `8.8.${index}.8`,
  (index) => `8.8.${index}.8, 10.0.0.1, 127.0.0.1`,
  (index) => `::ffff:8.8.${index}.8`,
  (index) => `[2001:db8:${index}::1]:443`,
  (index) => `fe80::${index}%eth0`,
  (index) => `unknown, _hidden${index}, "`,
  (index) => ','.repeat(index),
  (index) => `${index}`.repeat(4_000),
];
/** One caller, in every spelling that a proxy may write. */
const SPELLINGS: readonly ((host: number, index: number) => string)[] = [
  (host) => `198.51.100.${host}`,
  (host, index) => `198.51.100.${host}:${1_024 + index}`,
  (host) => `::ffff:198.51.100.${host}`,
  (host, index) => `2001:db8:99:${host}::${index.toString(16)}`,
  (host, index) => `[2001:db8:98:${host}::${index.toString(16)}]:${1_024 + index}`,
  (host, index) => `fe80:0:0:${host}::1%eth${index}`,
];

async function forwarded({ stage }: Ground, check: Check): Promise<void> {
  let host = 10;
  for (const [shape, invented] of INVENTED.entries()) {
    for (const [spelling, written] of SPELLINGS.entries()) {
      host += 1;
      const caller = host;
      const looks = await statusesOf(stage, 125, (index) => ({
        url: COUNTER,
        headers: { 'x-forwarded-for': `${invented(index)}, ${written(caller, index)}` },
      }));
      check(`chain ${shape}/${spelling} passes 120 times`, passing(looks) === 120, passing(looks));
    }
  }
  const direct = await statusesOf(stage, 125, (index) => ({
    url: COUNTER,
    headers: { forwarded: `for=8.8.8.${index}`, 'x-real-ip': `8.8.8.${index}` },
    remoteAddress: '203.0.113.1',
  }));
  check('other headers are not trusted', passing(direct) === 120, passing(direct));
}

async function guessedKeys({ stage, guesses }: Ground, check: Check): Promise<void> {
  const { server } = stage.composed;
  const valid = { authorization: `Bearer ${stage.taobao.key}` };
  const statuses = new Map<number, number>();
  for (let sent = 0; sent < guesses; sent += 250) {
    const wave = await Promise.all(
      Array.from({ length: 250 }, (_, index) =>
        server.inject({
          url: ENDPOINTS,
          headers: {
            authorization: `Bearer sk_test_${randomBytes(20).toString('hex')}`,
            'x-forwarded-for': `203.0.113.${index % 100}`,
          },
          remoteAddress: PROXY,
        }),
      ),
    );
    for (const { statusCode } of wave) {
      statuses.set(statusCode, (statuses.get(statusCode) ?? 0) + 1);
    }
    const headers = { ...valid, 'x-forwarded-for': `203.0.113.${sent % 100}` };
    const own = await ask(stage, { url: ENDPOINTS, headers });
    check('a valid key among them is served', own.statusCode === 200, own.body);
  }
  const seen = Object.fromEntries(statuses);
  check('every guess is 401 or 429', (seen[401] ?? 0) + (seen[429] ?? 0) === guesses, seen);
  check('120 a minute of each address at most', (seen[401] ?? 0) <= 100 * 120, seen);
  const one = await statusesOf(stage, 130, () => ({
    url: ENDPOINTS,
    headers: { authorization: 'Bearer sk_test_x', 'x-forwarded-for': '203.0.113.200' },
  }));
  check('the 121st of one address is 429', one.slice(120).every(is429), one.slice(115));
  const other = { authorization: `Bearer ${stage.tmall.key}`, 'x-forwarded-for': '203.0.113.200' };
  const fresh = await ask(stage, { url: ENDPOINTS, headers: other });
  check('a valid key from there is served', fresh.statusCode === 200, fresh.body);
}

async function silentNames({ stage, names }: Ground, check: Check): Promise<void> {
  const enemy = { authorization: `Bearer ${stage.tmall.key}` };
  const silent = Array.from({ length: 28 }, (_, index) =>
    ask(stage, {
      method: 'POST',
      url: ENDPOINTS,
      headers: enemy,
      payload: { url: `https://s${index}.silent.example/`, enabled_events: ['*'] },
    }),
  );
  await new Promise((resolve) => setTimeout(resolve, 200));
  check('the silent server is asked', names.asked.length > 0, names.asked);
  const began = performance.now();
  const own = await ask(stage, {
    method: 'POST',
    url: ENDPOINTS,
    headers: { authorization: `Bearer ${stage.taobao.key}` },
    payload: { url: 'http://127.0.0.1:9/silent', enabled_events: ['refund.*'] },
  });
  check('another tenant’s endpoint is made at once', own.statusCode === 201, own.body);
  // By name, over a new connection: Node's own look-up.
  const { port } = new URL(stage.cityUrl);
  const client = createHttpClient();
  const called = await client.send({
    method: 'GET',
    url: `http://localhost:${port}/v3/certificates`,
    headers: {},
    timeoutMs: 2_000,
  });
  client.close();
  check('a new connection to a wallet is made by name', called.ok, called);
  const attempt = await startedAttempt(stage);
  check('a wallet is called for another tenant', attempt === 201, attempt);
  const tookMs = performance.now() - began;
  check('all of it while the names are silent', tookMs < 1_900, tookMs);
  const answers = await Promise.all(silent);
  const statuses = answers.map(({ statusCode }) => statusCode);
  check(
    'the silent ones are refused',
    statuses.every((status) => status === 400),
    statuses,
  );
}

async function startedAttempt(stage: Stage): Promise<number> {
  const call = (url: string, payload: object) =>
    ask(stage, {
      method: 'POST',
      url,
      headers: {
        authorization: `Bearer ${stage.taobao.key}`,
        'idempotency-key': randomBytes(8).toString('hex'),
      },
      payload,
    });
  const merchant = must(stage.taobao.merchants[0], 'a merchant');
  const intent = await call('/v1/payment_intents', {
    amount: 300,
    currency: 'cny',
    merchant_order_no: `E${randomBytes(8).toString('hex')}`,
    description: 'A kettle',
    sub_orders: [{ merchant, amount: 300, description: 'A kettle' }],
    buyer: { id: 'buyer-1', device: 'desktop' },
  });
  const url = `/v1/payment_intents/${intent.json().id}/attempts`;
  return (await call(url, { wallet: 'wechatpay', product: 'native' })).statusCode;
}

async function endpointRaces({ stage }: Ground, check: Check): Promise<void> {
  const { useCases, platform } = stage.composed;
  const principal = await useCases.authenticate(stage.taobao.key, {
    address: '127.0.0.1',
    isSuspect: () => false,
  });
  if (!principal.ok) throw new Error(principal.error.message);
  const { marketplace, keyId: by } = principal.value;
  // Below the limit of calls: what is raced for is the store's rule.
  const make = (url: string) =>
    useCases.createWebhookEndpoint(marketplace, { url, enabledEvents: ['*'], by });
  const page = { limit: 100, startingAfter: null, endingBefore: null };
  const all = async () => {
    const listed = await useCases.listWebhookEndpoints(marketplace, page);
    return listed.ok ? listed.value.data : [];
  };
  for (const { id } of await all()) await useCases.deleteWebhookEndpoint(marketplace, id, by);
  for (let round = 0; round < 5; round += 1) {
    const same = await Promise.all(
      Array.from({ length: 50 }, () => make(`http://127.0.0.1:9/same-${round}`)),
    );
    const made = same.filter(({ ok }) => ok).length;
    check('one of fifty of one address is made', made === 1, made);
    const codes = new Set(same.map((one) => (one.ok ? 'made' : one.error.code)));
    check('the others learn which', codes.size === 2 && !codes.has('busy'), [...codes]);
  }
  await Promise.all(Array.from({ length: 50 }, (_, index) => make(`http://127.0.0.1:9/${index}`)));
  const left = await all();
  check('sixteen are left of all', left.length === 16, left.length);
  for (const { id } of left) await useCases.deleteWebhookEndpoint(marketplace, id, by);
  platform.directory.forget();
}

async function logNeedles({ stage, log }: Ground, check: Check): Promise<void> {
  const needle = `${randomBytes(16).toString('hex')}`;
  const before = log.length;
  const paths = [
    `/q/${needle}`,
    `/%70ay/${needle}`,
    `/pay/${needle}/return?code=${needle}`,
    `/c/${needle}`,
    `//q/${needle}`,
    `/v1/payment_intents/pi_0000000000001_secret_${needle}`,
    `/v1/refunds/${needle}%2F..`,
    `/notify/${needle}/${needle}/${needle}`,
    `/docs/${needle}`,
    `/%zz/${needle}`,
    `/${needle}`,
  ];
  for (const url of paths) {
    for (const method of ['GET', 'POST', 'DELETE'] as const) await ask(stage, { url, method });
  }
  const lines = log.slice(before);
  check('every request has its line', lines.length >= paths.length * 2, lines.length);
  const leaking = lines.find((line) => line.includes(needle));
  check('no line has the needle', leaking === undefined, leaking);
  check('nor have the figures', !(await figures(stage)).includes(needle), 'in /metrics');
}

async function figures(stage: Stage): Promise<string> {
  return (await ask(stage, { url: '/metrics' })).body;
}
