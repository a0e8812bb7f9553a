/**
 * One platform of the storm: `serve` as production runs it, on the clock of the sandbox city, as
 * the demo does it. Its follower's name is its port, so that several may follow one city.
 */
import { followCityClock } from '../../src/cli/follow-clock.ts';
import { type Serving, serve } from '../../src/cli/serve.ts';
import { readKeyRing, readSettings } from '../../src/cli/settings.ts';
import { createHttpClient } from '../../src/runtime/http-client.ts';
import { systemRandom } from '../../src/runtime/random.ts';

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
process.once('SIGTERM', () => {
  city.stop();
  void serving?.composed.stop().finally(() => process.exit(0));
});
