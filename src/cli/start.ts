/**
 * `npm start`: the whole demo. The sandbox city and the bazaar are processes of their own; the
 * platform runs here and follows the city's clock, which only the demo does.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { createHttpClient } from '../runtime/http-client.ts';
import { systemRandom } from '../runtime/random.ts';
import { type Child, ROOT, startChild } from './child.ts';
import { readSandboxCredentials, seedMarketplaces, writeDemoJson } from './demo-marketplaces.ts';
import { followCityClock } from './follow-clock.ts';
import { demoPorts, firstPortProblem } from './ports.ts';
import { type Serving, serve } from './serve.ts';
import { readKeyRing, type Settings } from './settings.ts';

const BAZAAR = 'examples/bazaar/main.ts';
const CHILD_TIMEOUT_MS = 60_000;
const LOOPBACK = ['127.0.0.0/8', '::1', 'localhost'];

export interface RunningDemo {
  readonly stop: () => Promise<void>;
}

/** The shop is not part of the output of `npm run build`. */
export function hasDemo(): boolean {
  return existsSync(path.join(ROOT, BAZAAR));
}

export async function startDemo(
  settings: Settings,
  print: (line: string) => void,
): Promise<RunningDemo> {
  const taken = await firstPortProblem(demoPorts(settings));
  if (taken !== null) throw new Error(taken);
  const step = stepPrinter(print);
  const keyRing = readKeyRing(process.env, settings.dir, systemRandom, true);
  if (!keyRing.ok) throw new Error(keyRing.error);
  const sandboxUrl = `http://127.0.0.1:${settings.sandboxPort}`;
  const running: { stop: () => Promise<void> }[] = [];
  const stop = async (): Promise<void> => {
    for (const part of running.splice(0).reverse()) await part.stop();
  };
  try {
    print('sandbox      starting; the first time it makes its keys and certificates ...');
    running.push(await startSandbox(settings));
    step('sandbox');
    const follower = createHttpClient();
    let serving: Serving | undefined;
    const city = followCityClock({
      sandboxUrl,
      follower: 'platform',
      http: follower,
      publicUrl: settings.publicUrl,
      settle: async () => (serving === undefined ? null : serving.composed.settle()),
    });
    running.push({
      stop: async () => {
        city.stop();
        follower.close();
      },
    });
    await city.ready;
    serving = await serve({
      settings: { ...settings, webhookAllow: [...settings.webhookAllow, ...LOOPBACK] },
      keyRing: keyRing.value,
      print,
      clock: city.clock,
    });
    const { composed } = serving;
    running.push({ stop: () => composed.stop() });
    step('platform');
    const sandbox = readSandboxCredentials(settings.dir);
    const marketplaces = await seedMarketplaces(composed.platform, settings.dir, sandbox);
    const bazaarUrl = `http://127.0.0.1:${settings.bazaarPort}`;
    writeDemoJson(settings.dir, { platformUrl: serving.url, bazaarUrl, sandbox, marketplaces });
    step('marketplaces');
    running.push(await startBazaar(settings));
    step('bazaar');
    print(banner(settings, serving.url, sandboxUrl, bazaarUrl));
    return { stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function stepPrinter(print: (line: string) => void): (name: string) => void {
  let lastMs = performance.now();
  return (name) => {
    const nowMs = performance.now();
    print(`${name.padEnd(13)}ready after ${((nowMs - lastMs) / 1000).toFixed(1)} s`);
    lastMs = nowMs;
  };
}

function startSandbox(settings: Settings): Promise<Child> {
  return startChild({
    name: 'the sandbox',
    args: ['bin/hutong.js', 'sandbox', '--allow-local-callbacks', '--no-demo-papers'],
    env: { HUTONG_DIR: settings.dir, HUTONG_SANDBOX_PORT: String(settings.sandboxPort) },
    readyText: 'ready in',
    timeoutMs: CHILD_TIMEOUT_MS,
  });
}

function startBazaar(settings: Settings): Promise<Child> {
  return startChild({
    name: 'the bazaar',
    args: ['--import', 'tsx', BAZAAR],
    env: { HUTONG_DIR: settings.dir, HUTONG_BAZAAR_PORT: String(settings.bazaarPort) },
    readyText: 'The bazaar is open',
    timeoutMs: CHILD_TIMEOUT_MS,
  });
}

function banner(
  settings: Settings,
  platformUrl: string,
  sandboxUrl: string,
  bazaarUrl: string,
): string {
  return [
    '',
    'Hutong 互通 is running. Start here 从这里开始:',
    `  shop on Taobao 逛淘宝   ${bazaarUrl}/taobao`,
    `  shop on Tmall  逛天猫   ${bazaarUrl}/tmall`,
    `  the phone      手机     ${sandboxUrl}/phone`,
    `  API reference  接口文档 ${platformUrl}/docs`,
    `  credentials    资料     ${path.relative(process.cwd(), path.join(settings.dir, 'demo.json'))}  (keys, merchants, SDK credentials)`,
    '  Ctrl-C stops everything; npm start finds it all again. 按 Ctrl-C 停止，数据会保留。',
    '',
  ].join('\n');
}
