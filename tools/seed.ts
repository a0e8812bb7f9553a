/**
 * Marketplaces for a platform that is started as a process of its own: made from a sandbox's
 * credentials in the platform's database, sealed under its master key, by the code that seeds the
 * demo.
 */
import {
  type DemoMarketplace,
  readSandboxCredentials,
  seedMarketplaces,
} from '../src/cli/demo-marketplaces.ts';
import { compose } from '../src/compose.ts';
import { migrate } from '../src/database/migrate.ts';
import { openPostgres } from '../src/database/postgres.ts';
import { keyRingOf } from '../src/runtime/key-ring.ts';
import { createLog } from '../src/runtime/log.ts';
import { oneCell } from '../src/store/cells.ts';

export interface SeedOptions {
  readonly databaseUrl: string;
  /** 32 bytes: the platform is given the same. */
  readonly masterKey: Buffer;
  /**
   * The HUTONG_DIR in which the sandbox wrote its credentials; the API keys are stored there, too.
   */
  readonly dir: string;
}

/** By marketplace name. The platform may be running or not; nothing of this one stays open. */
export async function seedDatabase(
  options: SeedOptions,
): Promise<ReadonlyMap<string, DemoMarketplace>> {
  const db = openPostgres({ url: options.databaseUrl, lanes: 1, readers: 1 });
  await migrate(db);
  const composed = await compose({
    cells: oneCell(db),
    keyRing: keyRingOf(options.masterKey),
    publicUrl: 'http://127.0.0.1',
    log: createLog({ level: 'warn' }),
    webhookAllow: [],
    onFenced: () => undefined,
  });
  try {
    return await seedMarketplaces(
      composed.platform,
      options.dir,
      readSandboxCredentials(options.dir),
    );
  } finally {
    await composed.stop();
  }
}
