/**
 * `hutong doctor`: what would prevent a start (✗), and what works but causes trouble later (!),
 * each with its remedy. It distinguishes a running platform from a foreign process on its ports,
 * and asks it about the data folder that it has open. It prints no secret and changes nothing.
 */
import fs from 'node:fs';
import { wallClock } from '../runtime/clock.ts';
import { createHttpClient } from '../runtime/http-client.ts';
import { systemRandom } from '../runtime/random.ts';
import type { Print } from './admin-names.ts';
import { forwardToRunning } from './admin-socket.ts';
import { lookInside } from './doctor-inside.ts';
import { openCellsAsTheyAre } from './open-database.ts';
import { demoPorts, portProblem, type WantedPort } from './ports.ts';
import { readKeyRing, readSettings, type Settings, settingProblems } from './settings.ts';

const ANSWER_TIMEOUT_MS = 2_000;

/** Where each part of the demo answers without a key. */
const SIGN_OF_LIFE: Readonly<Record<string, string>> = {
  platform: '/healthz',
  sandbox: '/control/clock',
  bazaar: '/taobao',
};

/** True when nothing is wrong. */
export async function doctor(environment: NodeJS.ProcessEnv, print: Print): Promise<boolean> {
  const settings = readSettings(environment);
  if (!settings.ok) {
    for (const problem of settingProblems(environment)) print(`✗ settings   ${problem}`);
    return false;
  }
  print(`✓ settings   folder ${settings.value.dir}`);
  const checks = [checkMasterKey(environment, settings.value, print)];
  for (const wanted of demoPorts(settings.value)) checks.push(await checkPort(wanted, print));
  checks.push(await checkDatabase(settings.value, print));
  return checks.every((isGood) => isGood);
}

function checkMasterKey(environment: NodeJS.ProcessEnv, settings: Settings, print: Print): boolean {
  const ring = readKeyRing(environment, settings.dir, systemRandom, false);
  if (!ring.ok) print(`✗ master key ${ring.error} (npm start makes one for the demo)`);
  else print(`✓ master key ${ring.value.all().map(({ kid }) => kid)} of ${ring.value.source.name}`);
  return ring.ok;
}

/** In use by our own part is fine; in use by anything else prevents a start. */
async function checkPort(wanted: WantedPort, print: Print): Promise<boolean> {
  const name = wanted.name.padEnd(10);
  const problem = await portProblem(wanted);
  if (problem === null) {
    print(`✓ ${name} port ${wanted.port} is free`);
    return true;
  }
  const url = `http://${wanted.host}:${wanted.port}`;
  const isOurs = await answers(`${url}${SIGN_OF_LIFE[wanted.name] ?? ''}`);
  print(isOurs ? `✓ ${name} running at ${url}` : `✗ ${name} ${problem}`);
  if (!isOurs || wanted.name !== 'platform') return isOurs;
  const isReady = await answers(`${url}/readyz`);
  if (!isReady) print(`✗ ${name} is not ready (${url}/readyz): it has no database`);
  return isReady;
}

async function answers(url: string): Promise<boolean> {
  const http = createHttpClient();
  const asked = { method: 'GET', url, headers: {}, timeoutMs: ANSWER_TIMEOUT_MS } as const;
  const answer = await http.send(asked);
  http.close();
  return answer.ok && answer.value.status === 200;
}

async function checkDatabase(settings: Settings, print: Print): Promise<boolean> {
  if (settings.databaseUrl === null && !fs.existsSync(settings.dir)) {
    print('✓ database   PGlite, made at the first start');
    return true;
  }
  if (settings.databaseUrl === null) {
    const output = { out: (text: string) => print(text.trimEnd()), err: print };
    const request = { argv: ['doctor'], cwd: process.cwd() };
    const code = await forwardToRunning(settings.dir, request, output);
    if (code !== undefined) return code === 0;
  }
  try {
    const cells = await openCellsAsTheyAre(settings);
    try {
      return await lookInside({ cells, settings, nowMs: () => wallClock.nowMs() }, print);
    } finally {
      await cells.close();
    }
  } catch (error) {
    print(`✗ database   ${error instanceof Error ? error.message : String(error)}`);
    return false;
  }
}
