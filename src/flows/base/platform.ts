/** What every flow stands on: made once by compose.ts, passed down; flows keep no state. */

import type { Db } from '../../database/db.ts';
import type { IdSource } from '../../engine/ids.ts';
import type { Engine } from '../../engine/submit.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { HttpClient } from '../../runtime/http-client.ts';
import type { Log } from '../../runtime/log.ts';
import type { Metrics } from '../../runtime/metrics.ts';
import type { Random } from '../../runtime/random.ts';
import type { Share } from '../../store/batch/due.ts';
import type { UrlPolicy } from '../../webhooks/url-guard.ts';
import type { Envelope } from '../key/envelope.ts';
import type { KeyUses } from '../key/key-uses.ts';
import type { NotificationGuard } from '../payment/notification-guard.ts';
import type { CredentialRefusals } from '../wallet/credential-refusals.ts';
import type { ChangeHub } from './change-hub.ts';
import type { Directory } from './directory.ts';
import type { WalletHealth } from './wallet-health.ts';

export interface Platform {
  readonly db: Db;
  readonly engine: Engine;
  readonly ids: IdSource;
  readonly directory: Directory;
  readonly health: WalletHealth;
  readonly keyUses: KeyUses;
  readonly credentialRefusals: CredentialRefusals;
  readonly notificationGuard: NotificationGuard;
  readonly changes: ChangeHub;
  /** Business time. */
  readonly clock: Clock;
  readonly wall: Clock;
  readonly random: Random;
  readonly envelope: Envelope;
  /** For webhooks; wallets have their own. */
  readonly http: HttpClient;
  readonly urlPolicy: UrlPolicy;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Due work may be there at once: the sweeper need not wait for its next look. */
  readonly wakeSweeper: () => void;
  /** Which shards this process sweeps; null = its wall clock is not the database's, it must not. */
  readonly share: () => Share | null;
  /** Where wallets and buyers reach us, without a trailing slash. */
  readonly publicUrl: string;
}
