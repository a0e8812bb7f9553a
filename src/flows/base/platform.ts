/** What every flow depends on: built once by compose.ts and passed down; flows keep no state. */

import type { Db } from '../../database/db.ts';
import type { IdSource } from '../../engine/ids.ts';
import type { Engine } from '../../engine/submit.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { HttpClient } from '../../runtime/http-client.ts';
import type { Log } from '../../runtime/log.ts';
import type { Metrics } from '../../runtime/metrics.ts';
import type { Random } from '../../runtime/random.ts';
import type { Share } from '../../store/batch/due.ts';
import type { Cells } from '../../store/cells.ts';
import type { UrlPolicy } from '../../webhooks/url-guard.ts';
import type { Envelope } from '../key/envelope.ts';
import type { KeyUses } from '../key/key-uses.ts';
import type { Refusals } from '../key/refusals.ts';
import type { CartMerchants } from '../payment/cart-merchants.ts';
import type { NotificationGuard } from '../payment/notification-guard.ts';
import type { CredentialRefusals } from '../wallet/credential-refusals.ts';
import type { ChangeHub } from './change-hub.ts';
import type { Directory } from './directory.ts';
import type { WalletHealth } from './wallet-health.ts';

export interface Platform {
  /** The home, for reference data: what belongs to a shard is read through the cells. */
  readonly db: Db;
  readonly cells: Cells;
  readonly engine: Engine;
  readonly ids: IdSource;
  readonly directory: Directory;
  readonly cartMerchants: CartMerchants;
  readonly health: WalletHealth;
  readonly keyUses: KeyUses;
  readonly refusals: Refusals;
  readonly credentialRefusals: CredentialRefusals;
  readonly notificationGuard: NotificationGuard;
  readonly changes: ChangeHub;
  /** Business time. */
  readonly clock: Clock;
  readonly wall: Clock;
  readonly random: Random;
  readonly envelope: Envelope;
  /** For webhooks; wallets have their own clients. */
  readonly http: HttpClient;
  readonly urlPolicy: UrlPolicy;
  readonly log: Log;
  readonly metrics: Metrics;
  /** There may be due work now: the sweeper need not wait for its next pass. */
  readonly wakeSweeper: () => void;
  /**
   * The shards that this process sweeps; null = its wall clock differs from the database's, so
   * none.
   */
  readonly share: () => Share | null;
  /** Our public base URL for wallets and buyers, without a trailing slash. */
  readonly publicUrl: string;
}
