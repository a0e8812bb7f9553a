/**
 * One platform of the storm: `serve` as production runs it, on the clock of the sandbox city, as
 * the demo does it. Its follower's name is its port, so that several may follow one city.
 */
import http from 'node:http';
import { text } from 'node:stream/consumers';
import { followCityClock } from '../../src/cli/follow-clock.ts';
import { type Serving, serve } from '../../src/cli/serve.ts';
import { readKeyRing, readSettings } from '../../src/cli/settings.ts';
import type { ReleaseInput } from '../../src/flows/balance/release.ts';
import { createHttpClient } from '../../src/runtime/http-client.ts';
import { systemRandom } from '../../src/runtime/random.ts';
import { readPayment } from '../../src/store/payment/queries.ts';

const settings = readSettings(process.env);
if (!settings.ok) throw new Error(settings.error);
const keyRing = readKeyRing(process.env, settings.value.dir, systemRandom, false);
if (!keyRing.ok) throw new Error(keyRing.error);

let serving: Serving | undefined;
const city = followCityClock({
  sandboxUrl: `http://127.0.0.1:${settings.value.sandboxPort}`,
  follower: `platform-${settings.value.port}`,
  http: createHttpClient(),
  settle: async () => (serving === undefined ? null : serving.composed.settle()),
});
await city.ready;
serving = await serve({
  settings: settings.value,
  keyRing: keyRing.value,
  print: (line) => void process.stdout.write(`${line}\n`),
  clock: city.clock,
});

/** What no wallet call releases yet is released by the aggregates' own command. */
const back = http.createServer((request, response) => {
  void (async () => {
    const { intent, subOrder } = JSON.parse(await text(request)) as Omit<
      ReleaseInput,
      'marketplace'
    >;
    const isReleased = serving !== undefined && (await release(serving, intent, subOrder));
    response.writeHead(isReleased ? 200 : 409).end('{}');
  })().catch(() => response.destroy());
});
back.listen(Number(process.env.STORM_BACK_PORT), '127.0.0.1');

async function release(
  { composed }: Serving,
  intent: ReleaseInput['intent'],
  subOrder: ReleaseInput['subOrder'],
): Promise<boolean> {
  const payment = await readPayment(composed.platform.cells, intent);
  if (payment === undefined) return false;
  const { marketplace } = payment.intent;
  return (await composed.useCases.releaseEscrow({ marketplace, intent, subOrder })).ok;
}

process.once('SIGTERM', () => {
  city.stop();
  back.close();
  void serving?.composed.stop().finally(() => process.exit(0));
});
