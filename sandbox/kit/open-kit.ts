/**
 * Opens the kit that gateways are built from, over one directory. The city opens it once; a
 * gateway's own tests open it over a temporary directory:
 *
 *   const opened = await openKit({
 *     dir: mkdtempSync(join(tmpdir(), 'hutong-')), publicUrl: 'http://127.0.0.1:4100',
 *     allowLocalCallbacks: true, log: () => undefined,
 *   });
 *   const gateway = await openWechatpayGateway(opened.kit);
 *   …
 *   opened.faults.arm({ fault: 'callback_lost', times: 1, wallet: null, orderNo: null, … });
 *   opened.clock.moveTo(opened.clock.nowMs() + 15_000);  // the city's time; callbacks follow
 *   await gateway.runDue(opened.clock.nowMs());          // gateways are run by the city, or a test
 *   await opened.callbackQueue.settle();                 // no delivery is due or under way
 *   await opened.close();                                // then openKit again = a restart
 *
 * A callback starts as soon as `callbackQueue.send` is called, so gateways store their state first.
 */
import { join } from 'node:path';
import { type Clock, wallClock } from '../../src/runtime/clock.ts';
import { createHttpClient, type HttpClient } from '../../src/runtime/http-client.ts';
import { type Random, systemRandom } from '../../src/runtime/random.ts';
import { openAuthority } from './authority.ts';
import { type OpenCallbackQueue, openCallbackQueue } from './callback-queue.ts';
import { type CityClock, openCityClock } from './city-clock.ts';
import { type DeliveryLog, openDeliveryLog } from './delivery-log.ts';
import { type ExplanationLog, openExplanationLog } from './explanation-log.ts';
import { type FaultBoard, openFaultBoard } from './fault-board.ts';
import { type OpenJournal, openJournal } from './journal.ts';
import type { CityKit, KeyPair } from './kit.ts';

/** How long deliveries in flight are awaited at close; they are repeated after a restart. */
const CLOSE_WAIT_MS = 1_000;

export interface KitOptions {
  /** HUTONG_DIR; the kit keeps its files in `sandbox/` below it. */
  readonly dir: string;
  /** Without a trailing slash. */
  readonly publicUrl: string;
  readonly allowLocalCallbacks: boolean;
  /** Default: the real ones. */
  readonly wall?: Clock;
  readonly random?: Random;
  readonly http?: HttpClient;
  readonly newKeyPair?: () => Promise<KeyPair>;
  /** Notices and explanations, one line each. Default: stderr. */
  readonly log?: (line: string) => void;
}

/** The kit as gateways see it, and its parts for the city, the control and tests. */
export interface OpenedKit {
  readonly kit: CityKit;
  readonly clock: CityClock;
  readonly journal: OpenJournal;
  readonly faults: FaultBoard;
  readonly callbackQueue: OpenCallbackQueue;
  readonly deliveries: DeliveryLog;
  readonly explanations: ExplanationLog;
  readonly http: HttpClient;
  readonly log: (line: string) => void;
  readonly close: () => Promise<void>;
}

export async function openKit(options: KitOptions): Promise<OpenedKit> {
  const dir = join(options.dir, 'sandbox');
  const log = options.log ?? ((line: string) => void process.stderr.write(`${line}\n`));
  const wall = options.wall ?? wallClock;
  const random = options.random ?? systemRandom;
  const http = options.http ?? createHttpClient();
  const journal = openJournal({ dir, notice: log });
  const clock = openCityClock({ wall, journal });
  const faults = openFaultBoard({ journal, random });
  const explanations = openExplanationLog({ wall, log });
  const deliveries = openDeliveryLog(dir);
  const { publicUrl, allowLocalCallbacks } = options;
  const callbackQueue = openCallbackQueue({
    ...{ clock, wall, random, journal, faults, explanations, deliveries, http },
    allowLocalCallbacks,
  });
  const { newKeyPair } = options;
  const authority = openAuthority({
    ...{ wall, random },
    ...(newKeyPair === undefined ? {} : { newKeyPair }),
  });
  return {
    kit: Object.freeze({
      ...{ clock, wall, random, journal, faults, callbackQueue, explanations, authority },
      ...{ publicUrl, allowLocalCallbacks },
    }),
    ...{ clock, journal, faults, callbackQueue, deliveries, explanations, http, log },
    close: async () => {
      const isIdle = callbackQueue.close();
      await Promise.race([isIdle, new Promise((done) => setTimeout(done, CLOSE_WAIT_MS).unref())]);
      http.close();
      await isIdle;
      deliveries.close();
      journal.close();
    },
  };
}
