/** `hutong doctor`: what would stop a start, each with what to do about it. */
import fs from 'node:fs';
import net from 'node:net';
import { systemRandom } from '../runtime/random.ts';
import { readMarketplaces } from '../store/reference.ts';
import { openDatabase } from './open-database.ts';
import { readMasterKey, readSettings, type Settings } from './settings.ts';

type Print = (line: string) => void;

/** True when nothing is wrong. */
export async function doctor(environment: NodeJS.ProcessEnv, print: Print): Promise<boolean> {
  const settings = readSettings(environment);
  if (!settings.ok) {
    print(`✗ settings   ${settings.error}`);
    return false;
  }
  print(`✓ settings   folder ${settings.value.dir}`);
  const checks = [
    checkMasterKey(environment, settings.value, print),
    await checkPort('platform', settings.value.port, 'HUTONG_PORT', print),
    await checkPort('sandbox', settings.value.sandboxPort, 'HUTONG_SANDBOX_PORT', print),
    await checkPort('bazaar', settings.value.bazaarPort, 'HUTONG_BAZAAR_PORT', print),
    await checkDatabase(settings.value, print),
  ];
  return checks.every((isGood) => isGood);
}

function checkMasterKey(environment: NodeJS.ProcessEnv, settings: Settings, print: Print): boolean {
  const key = readMasterKey(environment, settings.dir, systemRandom, false);
  print(
    key.ok
      ? '✓ master key 32 bytes'
      : `✗ master key ${key.error} (npm start makes one for the demo)`,
  );
  return key.ok;
}

function checkPort(name: string, port: number, variable: string, print: Print): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = net.createServer();
    probe.once('error', () => {
      print(`✗ ${name.padEnd(10)} port ${port} is in use; stop what holds it or set ${variable}`);
      resolve(false);
    });
    probe.listen(port, '127.0.0.1', () => {
      probe.close(() => {
        print(`✓ ${name.padEnd(10)} port ${port} is free`);
        resolve(true);
      });
    });
  });
}

async function checkDatabase(settings: Settings, print: Print): Promise<boolean> {
  if (settings.databaseUrl === null && !fs.existsSync(settings.dir)) {
    print('✓ database   PGlite, made at the first start');
    return true;
  }
  try {
    const db = await openDatabase(settings, () => undefined);
    const marketplaces = await readMarketplaces(db);
    await db.close();
    print(`✓ database   ${db.kind}, ${marketplaces.length} marketplaces`);
    return true;
  } catch (error) {
    print(`✗ database   ${error instanceof Error ? error.message : String(error)}`);
    return false;
  }
}
