/**
 * A flood of forged calls at /notify, over real sockets: what it costs everybody else, measured in
 * one process with the platform, so that the cost of the clients here counts against it, too.
 */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { GroupResult } from './attack.ts';
import type { Stage } from './stage.ts';

const FORM_BYTES = 262_144;
const FORMS_A_SECOND = 25;
const READS = 150;
const FORGED = 1_000;
/** A machine that is busy with something else gets a second and a third try. */
const ROUNDS = 3;

interface Target {
  readonly port: number;
  readonly agent: http.Agent;
}

export interface Posted {
  readonly status: number;
  readonly ms: number;
}

async function listen(stage: Stage): Promise<Target> {
  const { server } = stage.composed;
  if (!server.server.listening) await server.listen({ port: 0, host: '127.0.0.1' });
  const { port } = server.server.address() as AddressInfo;
  return { port, agent: new http.Agent({ keepAlive: true, maxSockets: 100 }) };
}

function send(
  { port, agent }: Target,
  method: string,
  path: string,
  headers: Record<string, string>,
  body?: string,
): Promise<Posted> {
  const startedMs = performance.now();
  return new Promise((resolve) => {
    const done = (status: number) => resolve({ status, ms: performance.now() - startedMs });
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const options = { port, host: '127.0.0.1', agent, method, path };
    const request = http.request({ ...options, headers: { ...headers, ...length } }, (answer) => {
      answer.resume();
      answer.on('end', () => done(answer.statusCode ?? 0));
    });
    // Refused before all of it was written: that is what is wanted.
    request.on('error', () => done(0));
    request.end(body);
  });
}

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

async function readsOf(target: Target, path: string, key: string): Promise<number> {
  const times: number[] = [];
  for (let read = 0; read < READS; read += 1) {
    const { status, ms } = await send(target, 'GET', path, { authorization: `Bearer ${key}` });
    if (status === 200) times.push(ms);
    await sleep(10);
  }
  return times.length < READS ? Number.POSITIVE_INFINITY : median(times);
}

/** 25 forms of 262 kB a second, each of 60,000 empty names: honest reads stay within 3x of idle. */
export async function floodOfForms(stage: Stage, intent: string): Promise<GroupResult> {
  const target = await listen(stage);
  const result: GroupResult = { group: 'notify_large_forms', passed: 0, misses: [] };
  const config = stage.configs.find(({ wallet }) => wallet === 'alipay')?.id ?? '';
  const body = 'a=&'.repeat(Math.floor(FORM_BYTES / 3));
  const path = `/v1/payment_intents/${intent}`;
  await readsOf(target, path, stage.taobao.key);
  const idleMs = await readsOf(target, path, stage.taobao.key);
  const statuses = new Map<number, number>();
  const hostile = setInterval(() => {
    void send(target, 'POST', `/notify/alipay/${config}/payment`, FORM, body).then(({ status }) =>
      statuses.set(status, (statuses.get(status) ?? 0) + 1),
    );
  }, 1_000 / FORMS_A_SECOND);
  const busyMs = await readsOf(target, path, stage.taobao.key);
  clearInterval(hostile);
  target.agent.destroy();
  const seen = [...statuses].map(([status, count]) => `${count} x ${status}`).join(', ');
  console.log(
    `  ${FORMS_A_SECOND} forms of 262 kB a second (${seen}): honest read p50 ` +
      `${idleMs.toFixed(1)} -> ${busyMs.toFixed(1)} ms`,
  );
  if (busyMs <= 3 * idleMs) result.passed += 1;
  else result.misses.push(`honest reads: p50 ${idleMs.toFixed(1)} -> ${busyMs.toFixed(1)} ms`);
  if ([...statuses.keys()].some((status) => status !== 413 && status !== 0)) {
    result.misses.push(`answered ${seen}`);
  } else result.passed += 1;
  return result;
}

/** A genuine callback, and forgeries of it. */
export interface Genuine {
  readonly path: string;
  readonly body: string;
  readonly forge: (index: number) => string;
}

/** 1,000 forged ones from its own address: the genuine one is taken within a second. */
export async function floodOfForgeries(stage: Stage, genuine: Genuine): Promise<GroupResult> {
  let result = await forgeryRound(stage, genuine);
  for (let round = 1; round < ROUNDS && result.misses.length > 0; round += 1) {
    await sleep(1_000);
    result = await forgeryRound(stage, genuine);
  }
  return result;
}

async function forgeryRound(stage: Stage, genuine: Genuine): Promise<GroupResult> {
  const target = await listen(stage);
  const result: GroupResult = { group: 'notify_forgeries', passed: 0, misses: [] };
  const before = await verifiedCount(stage);
  const forgeries = Array.from({ length: FORGED }, (_one, index) =>
    send(target, 'POST', genuine.path, FORM, genuine.forge(index)),
  );
  // Sockets of its own: it comes from the same address, not over the same connections.
  const own = { ...target, agent: new http.Agent({ keepAlive: true }) };
  await sleep(20);
  const taken = await send(own, 'POST', genuine.path, FORM, genuine.body);
  const refused = await Promise.all(forgeries);
  const verified = (await verifiedCount(stage)) - before;
  own.agent.destroy();
  target.agent.destroy();
  const limited = refused.filter(({ status }) => status === 429).length;
  console.log(
    `  ${FORGED} forged callbacks (${limited} x 429, ${verified} signatures verified): the genuine ` +
      `one ${taken.status} after ${taken.ms.toFixed(0)} ms`,
  );
  if (taken.status === 200) result.passed += 1;
  else result.misses.push(`the genuine callback was answered ${taken.status}`);
  if (taken.ms < 1_000) result.passed += 1;
  else result.misses.push(`the genuine callback waited ${taken.ms.toFixed(0)} ms`);
  const believed = refused.filter(({ status }) => status < 400);
  if (believed.length === 0) result.passed += 1;
  else result.misses.push(`${believed.length} forged callbacks were taken`);
  return result;
}

/** Signatures of refused callbacks that were looked at. */
async function verifiedCount({ composed }: Stage): Promise<number> {
  const text = await composed.platform.metrics.render();
  let count = 0;
  for (const [, value] of text.matchAll(
    /^hutong_notifications_total\{[^}]*outcome="(?:bad_signature|unknown_key)"[^}]*\} (\d+)/gm,
  )) {
    count += Number(value);
  }
  return count;
}
