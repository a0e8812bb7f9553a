/**
 * Prometheus metrics, recorded cheaply: children are looked up once per label set and kept, so that
 * a recording is a map access and an addition. Labels are names from our own code, never ids or
 * caller input: their number is bounded.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export interface Metrics {
  readonly httpRequest: (sample: {
    readonly route: string;
    readonly method: string;
    readonly status: number;
    readonly ms: number;
  }) => void;
  readonly batch: (sample: { readonly commands: number; readonly ms: number }) => void;
  /** `lane`: its number at home, `cell/number` in another cell. */
  readonly laneQueue: (lane: string, depth: number) => void;
  readonly walletCall: (sample: {
    readonly wallet: string;
    readonly operation: string;
    readonly outcome: string;
    readonly ms: number;
  }) => void;
  readonly walletCredentialsRefused: (wallet: string, operation: string) => void;
  readonly notification: (wallet: string, outcome: string) => void;
  readonly delivery: (outcome: string) => void;
  readonly unknownAttempts: (count: number) => void;
  readonly contentType: string;
  readonly render: () => Promise<string>;
}

const LATENCY_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];
const BATCH_COMMANDS = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000];

/** How often the event loop's delay is sampled: each sample wakes the process. */
const LOOP_SAMPLE_MS = 100;

export function createMetrics(options: { readonly processMetrics?: boolean } = {}): Metrics {
  const registry = new Registry();
  if (options.processMetrics === true)
    collectDefaultMetrics({
      register: registry,
      eventLoopMonitoringPrecision: LOOP_SAMPLE_MS,
    });
  const registers = [registry];
  const edge = edgeMetrics(registers);
  const inner = innerMetrics(registers);
  return {
    ...edge,
    ...inner,
    contentType: registry.contentType,
    render: () => registry.metrics(),
  };
}

type EdgeMetrics = Pick<
  Metrics,
  'httpRequest' | 'walletCall' | 'walletCredentialsRefused' | 'notification' | 'delivery'
>;
type InnerMetrics = Pick<Metrics, 'batch' | 'laneQueue' | 'unknownAttempts'>;

function edgeMetrics(registers: Registry[]): EdgeMetrics {
  const http = new Histogram({
    name: 'hutong_http_request_seconds',
    help: 'Requests by route, method and status',
    labelNames: ['route', 'method', 'status'],
    buckets: LATENCY_SECONDS,
    registers,
  });
  const wallet = new Histogram({
    name: 'hutong_wallet_call_seconds',
    help: 'Calls to wallets by operation and outcome',
    labelNames: ['wallet', 'operation', 'outcome'],
    buckets: LATENCY_SECONDS,
    registers,
  });
  const refusals = new Counter({
    name: 'hutong_wallet_credentials_refused_total',
    help: 'Calls whose wallet refused our own credentials or permissions',
    labelNames: ['wallet', 'operation'],
    registers,
  });
  const notifications = new Counter({
    name: 'hutong_notifications_total',
    help: 'Callbacks of wallets by what became of them',
    labelNames: ['wallet', 'outcome'],
    registers,
  });
  const deliveries = new Counter({
    name: 'hutong_webhook_deliveries_total',
    help: 'Webhook tries by outcome',
    labelNames: ['outcome'],
    registers,
  });
  const httpChild = children((route, method, status) => http.labels(route, method, status));
  const walletChild = children((name, operation, outcome) =>
    wallet.labels(name, operation, outcome),
  );
  const notificationChild = children((name, outcome) => notifications.labels(name, outcome));
  const deliveryChild = children((outcome) => deliveries.labels(outcome));
  return {
    httpRequest: ({ route, method, status, ms }) =>
      httpChild(route, method, String(status)).observe(ms / 1000),
    walletCall: ({ wallet: name, operation, outcome, ms }) =>
      walletChild(name, operation, outcome).observe(ms / 1000),
    walletCredentialsRefused: (name, operation) => refusals.labels(name, operation).inc(),
    notification: (name, outcome) => notificationChild(name, outcome).inc(),
    delivery: (outcome) => deliveryChild(outcome).inc(),
  };
}

function innerMetrics(registers: Registry[]): InnerMetrics {
  const batchSize = new Histogram({
    name: 'hutong_batch_commands',
    help: 'Commands in one commit',
    buckets: BATCH_COMMANDS,
    registers,
  });
  const batchSeconds = new Histogram({
    name: 'hutong_batch_seconds',
    help: 'Time of one commit, claim to answer',
    buckets: LATENCY_SECONDS,
    registers,
  });
  const queue = new Gauge({
    name: 'hutong_lane_queue_commands',
    help: 'Commands that wait for their lane',
    labelNames: ['lane'],
    registers,
  });
  const unknown = new Gauge({
    name: 'hutong_unknown_attempts',
    help: 'Attempts whose outcome no wallet has reported yet',
    registers,
  });
  const queueChild = children((lane) => queue.labels(lane));
  return {
    batch: ({ commands, ms }) => {
      batchSize.observe(commands);
      batchSeconds.observe(ms / 1000);
    },
    laneQueue: (lane, depth) => queueChild(lane).set(depth),
    unknownAttempts: (count) => unknown.set(count),
  };
}

/** One child per label set, made once. */
function children<C>(make: (...labels: string[]) => C): (...labels: string[]) => C {
  const made = new Map<string, C>();
  return (...labels) => {
    const key = labels.join('\u0000');
    let child = made.get(key);
    if (child === undefined) {
      child = make(...labels);
      made.set(key, child);
    }
    return child;
  };
}
