/**
 * `hutong sandbox`: the city as a command of its own, for people who use only the sandbox, and as a
 * process of the demo. It opens the city, writes its credentials and prints its addresses.
 */
import { performance } from 'node:perf_hooks';
import { wallClock } from '../src/runtime/clock.ts';
import { systemRandom } from '../src/runtime/random.ts';
import { ACCOUNT_REQUESTS } from './account-requests.ts';
import { CREDENTIALS_LABEL, writeDemoCredentials, writeMarketplaces } from './accounts.ts';
import { type OpenCity, openCity } from './city.ts';
import { GATEWAY_MAKERS } from './gateways/all.ts';
import { isLoopbackHost } from './http/host-policy.ts';
import type { KeyPair } from './kit/kit.ts';

export interface SandboxOptions {
  /** HUTONG_DIR. */
  readonly dir: string;
  /** 0 = any free port. */
  readonly port: number;
  readonly host: string;
  /** The public URL if it differs from host and port (containers). */
  readonly publicUrl?: string;
  readonly allowLocalCallbacks: boolean;
  /** Required when bound to more than loopback: if none is given, one is generated. */
  readonly controlToken?: string;
  /** Host names that signed calls are accepted under, besides the wallets' own. */
  readonly gatewayHostNames?: readonly string[];
  /** No banner; notices and explanations still go to stderr. */
  readonly quiet?: boolean;
  /** Write `demo.json`, too: the sandbox runs alone. */
  readonly writeDemoCredentials: boolean;
  /** Default: the kit's own. */
  readonly newKeyPair?: () => Promise<KeyPair>;
}

export interface RunningSandbox {
  readonly url: string;
  readonly stop: () => Promise<void>;
}

export async function runSandbox(options: SandboxOptions): Promise<RunningSandbox> {
  const startedMs = performance.now();
  const controlToken = options.controlToken ?? newTokenFor(options.host);
  const city = await openCity({
    dir: options.dir,
    host: options.host,
    port: options.port,
    ...(options.publicUrl === undefined ? {} : { publicUrl: options.publicUrl }),
    allowLocalCallbacks: options.allowLocalCallbacks,
    controlToken,
    gatewayHostNames: options.gatewayHostNames ?? [],
    makers: GATEWAY_MAKERS,
    log: logLine,
    ...(options.newKeyPair === undefined ? {} : { newKeyPair: options.newKeyPair }),
  });
  const written = await writeCredentials(city, options);
  const tookMs = Math.round(performance.now() - startedMs);
  if (options.quiet !== true) {
    process.stdout.write(banner({ options, url: city.url, controlToken, tookMs }));
  }
  const stop = async () => {
    await written.rest;
    await city.close();
  };
  return { url: city.url, stop };
}

/**
 * Alone, the sandbox is ready once the outside merchants have their credentials; keys for
 * marketplaces that nobody has requested yet follow in the background. Resolves to that rest.
 */
async function writeCredentials(
  city: OpenCity,
  options: SandboxOptions,
): Promise<{ readonly rest: Promise<void> }> {
  const own = ACCOUNT_REQUESTS.filter(({ label }) => label === CREDENTIALS_LABEL);
  const writeAll = async () => {
    writeMarketplaces(options.dir, city.url, await city.openAccounts(ACCOUNT_REQUESTS));
  };
  if (!options.writeDemoCredentials) {
    await writeAll();
    return { rest: Promise.resolve() };
  }
  writeDemoCredentials(options.dir, city.url, await city.openAccounts(own));
  const rest = writeAll().catch((error: unknown) => {
    logLine(`error credentials: ${error instanceof Error ? error.message : 'unknown'}`);
  });
  return { rest };
}

function logLine(line: string): void {
  process.stderr.write(`${new Date(wallClock.nowMs()).toISOString()} ${line}\n`);
}

function newTokenFor(host: string): string | null {
  return isLoopbackHost(host) ? null : systemRandom.bytes(24).toString('base64url');
}

function banner(facts: {
  readonly options: SandboxOptions;
  readonly url: string;
  readonly controlToken: string | null;
  readonly tookMs: number;
}): string {
  const { options, url, controlToken, tookMs } = facts;
  const lines = [
    `Hutong sandbox city 沙箱城   ready in ${tookMs} ms`,
    `  start here 首页    ${url}/`,
    `  phone 沙箱手机     ${url}/phone`,
    `  gateways 网关      ${GATEWAY_MAKERS.map(({ wallet }) => wallet).join(', ')} at ${url}`,
    options.writeDemoCredentials ? `  credentials 商户资料 ${options.dir}/demo.json` : '',
    options.allowLocalCallbacks
      ? '  callbacks may go to http and loopback (--allow-local-callbacks) 回调可发往本机'
      : '  callbacks go to public https only; --allow-local-callbacks for local ones',
    controlToken === null ? '' : `  /control wants: Authorization: Bearer ${controlToken}`,
  ];
  return `\n${lines.filter((line) => line !== '').join('\n')}\n\n`;
}
