/**
 * The sandbox city: every wallet's gateway at the root of one server, each at its wallet's own
 * paths, plus the phone and the control. It composes and routes; each gateway alone decides what
 * its wallet answers.
 */
import { join } from 'node:path';
import { type Accounts, openAccounts } from './accounts.ts';
import { createAdvancer } from './control/advance.ts';
import { openFollowers } from './control/followers.ts';
import { openGatewaySchedule } from './control/gateway-schedule.ts';
import { control } from './control/routes.ts';
import { type HostPolicy, isLoopbackHost } from './http/host-policy.ts';
import { jsonAnswer, jsonError } from './http/json.ts';
import { type CityAnswer, type CityRequest, openServer } from './http/server.ts';
import type { AccountRequest, Gateway, GatewayMaker, KeyPair } from './kit/kit.ts';
import { type OpenedKit, openKit } from './kit/open-kit.ts';
import { landingAsset, landingPage } from './landing.ts';
import type { PhoneReach } from './phone/reach.ts';
import { phone } from './phone/routes.ts';
import { openStaticCodeLimit } from './phone/static-code-limit.ts';
import { openSwitch } from './switch/switch.ts';

export interface CityOptions {
  /** HUTONG_DIR. */
  readonly dir: string;
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  /** The city's public URL if it differs from host and port (containers). */
  readonly publicUrl?: string;
  readonly allowLocalCallbacks: boolean;
  /** null = /control requires none. */
  readonly controlToken: string | null;
  /** Host names that signed calls are accepted under, besides the wallets' own. */
  readonly gatewayHostNames?: readonly string[];
  readonly makers: readonly GatewayMaker[];
  /** Default: the kit's own. */
  readonly newKeyPair?: () => Promise<KeyPair>;
  readonly log: (line: string) => void;
}

export interface OpenCity {
  readonly url: string;
  /** The stored accounts with these labels; missing ones are created now. */
  readonly openAccounts: (requests: readonly AccountRequest[]) => Promise<Accounts>;
  readonly opened: OpenedKit;
  readonly gateways: readonly Gateway[];
  readonly close: () => Promise<void>;
}

type Route = (request: CityRequest) => Promise<CityAnswer>;

export async function openCity(options: CityOptions): Promise<OpenCity> {
  // The port is opened first: gateways need their own address, and a second city must stop before
  // it touches the first one's journal.
  let route: Route = async () => jsonError(503, 'starting', 'the city is still being built');
  let flush = () => {};
  let gateways: readonly Gateway[] = [];
  const server = await openServer({
    host: options.host,
    port: options.port,
    hostPolicy: hostPolicyOf(options, (request) => {
      const endpoint = gateways.find((each) => each.owns(request))?.endpoint;
      return endpoint?.isSigned(request.path) ? endpoint : undefined;
    }),
    route: (request) => route(request),
    flush: () => flush(),
    log: options.log,
  });
  const publicUrl = options.publicUrl ?? urlOf(options.host, server.port);
  try {
    const built = await build(options, publicUrl);
    flush = built.opened.journal.flush;
    route = built.route;
    gateways = built.gateways;
    return {
      url: publicUrl,
      openAccounts: (requests) =>
        openAccounts({ kit: built.opened.kit, makers: options.makers, requests }),
      opened: built.opened,
      gateways: built.gateways,
      close: async () => {
        built.endPolls();
        await server.close();
        await built.close();
      },
    };
  } catch (error) {
    await server.close();
    throw error;
  }
}

interface Built {
  readonly opened: OpenedKit;
  readonly gateways: readonly Gateway[];
  readonly route: Route;
  readonly endPolls: () => void;
  readonly close: () => Promise<void>;
}

async function build(options: CityOptions, publicUrl: string): Promise<Built> {
  const { dir, allowLocalCallbacks, makers, log, newKeyPair } = options;
  const opened = await openKit({
    ...{ dir, publicUrl, allowLocalCallbacks, log },
    ...(newKeyPair === undefined ? {} : { newKeyPair }),
  });
  try {
    const { kit, clock, callbackQueue, deliveries } = opened;
    const gateways = await Promise.all(makers.map((maker) => maker.open(kit)));
    const followers = openFollowers({ clock, wall: kit.wall, log });
    const { journal } = opened;
    const clearingDir = join(dir, 'sandbox', 'clearing');
    const own = openSwitch({ journal, clock, gateways, dir: clearingDir });
    const staticCodeLimit = openStaticCodeLimit(journal, clock);
    const schedule = openGatewaySchedule({ parties: [...gateways, own], clock, log });
    const advancer = createAdvancer({
      ...{ clock, wall: kit.wall, callbackQueue, deliveries, followers },
      gateways: schedule,
    });
    const reach: PhoneReach = {
      publicUrl,
      allowLocal: allowLocalCallbacks,
      isBoundToLoopback: isLoopbackHost(options.host),
      platformOrigins: followers.origins,
    };
    const parts: RouteParts = {
      control: (request) =>
        control({ opened, gateways, followers, advancer, switch: own }, request),
      phone: (request) => phone({ opened, gateways, switch: own, staticCodeLimit, reach }, request),
      landing: (request) =>
        landingPage(request, {
          ...{ opened, gateways, table: own.table },
          isPublic: options.controlToken === null,
        }),
      gateways,
    };
    return {
      ...{ opened, gateways },
      route: (request) => dispatch(parts, request),
      endPolls: followers.close,
      close: async () => {
        await schedule.close();
        await opened.close();
      },
    };
  } catch (error) {
    await opened.close();
    throw error;
  }
}

interface RouteParts {
  readonly control: Route;
  readonly phone: Route;
  readonly landing: (request: CityRequest) => CityAnswer;
  readonly gateways: readonly Gateway[];
}

async function dispatch(parts: RouteParts, request: CityRequest): Promise<CityAnswer> {
  const { path } = request;
  if (path === '/control' || path.startsWith('/control/')) return parts.control(request);
  if (path === '/phone' || path.startsWith('/phone/')) return parts.phone(request);
  if (path === '/healthz') return jsonAnswer(200, { status: 'ok' });
  if (path === '/' && request.method === 'GET') return parts.landing(request);
  const gateway = parts.gateways.find((each) => each.owns(request));
  if (gateway !== undefined) return gateway.handle(request);
  return landingAsset(path) ?? jsonError(404, 'not_found', 'no wallet of this city has that path');
}

function hostPolicyOf(options: CityOptions, endpointOf: HostPolicy['endpointOf']): HostPolicy {
  const hostNames = [options.host];
  if (options.publicUrl !== undefined) hostNames.push(new URL(options.publicUrl).hostname);
  const { controlToken, gatewayHostNames = [] } = options;
  const isLoopback = isLoopbackHost(options.host);
  return { isLoopback, hostNames, controlToken, gatewayHostNames, endpointOf };
}

/** A city bound to every address still calls itself by one that can be reached. */
function urlOf(host: string, port: number): string {
  const name = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`;
}
