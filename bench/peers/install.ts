/**
 * Peers are installed by their own lock files into a folder outside the checkout, where they stay
 * for the next run. No script of any package runs (`--ignore-scripts`).
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Peer, PeerName } from './peer.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** What stands beside this file for each: the lock and our scripts. */
const FILES: Readonly<Record<PeerName, readonly URL[]>> = {
  vendure: [new URL('./vendure/shop.mjs', import.meta.url)],
  medusa: [
    new URL('./medusa/shop.js', import.meta.url),
    new URL('./medusa/medusa-config.js', import.meta.url),
  ],
};
const INSTALL_TIMEOUT_MS = 15 * 60_000;
/** Written when the installation is whole: the lock's own hash. */
const STAMP = '.installed';

export interface Installed {
  readonly folder: string;
  readonly version: string;
}

/** A text where it cannot be installed: why. */
export function installPeer(peer: Peer, print: (line: string) => void): Installed | string {
  const folder = path.join(cacheFolder(), peer.name);
  if (isInside(folder))
    return `HUTONG_PEERS_DIR is inside the repository, where nothing is installed`;
  fs.mkdirSync(folder, { recursive: true });
  for (const file of FILES[peer.name])
    fs.copyFileSync(file, path.join(folder, path.basename(file.pathname)));
  const hash = hashOf(lockOf(peer.name));
  const stamp = path.join(folder, STAMP);
  if (!fs.existsSync(stamp) || fs.readFileSync(stamp, 'utf8') !== hash) {
    print(`${peer.name} is installed into ${folder}`);
    const failure = install(peer, folder);
    if (failure !== undefined) return failure;
    fs.writeFileSync(stamp, hash);
  }
  const manifest = path.join(folder, 'node_modules', peer.package, 'package.json');
  const { version } = JSON.parse(fs.readFileSync(manifest, 'utf8')) as { readonly version: string };
  return { folder, version };
}

function install(peer: Peer, folder: string): string | undefined {
  for (const name of ['package.json', 'package-lock.json'])
    fs.copyFileSync(path.join(placeOf(peer.name), name), path.join(folder, name));
  const { status, stderr, error } = spawnSync(
    'npm',
    ['ci', '--ignore-scripts', '--omit=dev', '--no-audit', '--no-fund', '--loglevel=error'],
    {
      cwd: folder,
      encoding: 'utf8',
      timeout: INSTALL_TIMEOUT_MS,
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  if (status === 0) return undefined;
  const why = error?.message ?? (stderr ?? '').trim().split('\n').slice(0, 3).join('; ');
  return `${peer.name} cannot be installed from the npm registry: ${why}`;
}

/** Named after all locks, so that another version of a peer never finds this one's packages. */
function cacheFolder(): string {
  const chosen = process.env.HUTONG_PEERS_DIR;
  if (chosen !== undefined && chosen !== '') return path.resolve(chosen);
  const locks = (Object.keys(FILES) as PeerName[]).map(lockOf).join('');
  return path.join(os.tmpdir(), `hutong-peers-${hashOf(locks).slice(0, 12)}`);
}

function isInside(folder: string): boolean {
  const relative = path.relative(fs.realpathSync(ROOT), folder);
  return !relative.startsWith('..') && !path.isAbsolute(relative);
}

const placeOf = (name: PeerName): string => fileURLToPath(new URL(`./${name}`, import.meta.url));

function lockOf(name: PeerName): string {
  return fs.readFileSync(path.join(placeOf(name), 'package-lock.json'), 'utf8');
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
