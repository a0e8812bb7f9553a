/**
 * Makes a fresh checkout runnable: the right Node, and the packages of package-lock.json. Plain
 * JavaScript over Node's own modules, since it runs when nothing is installed.
 *
 * It installs only what is missing or differs from the lock. What somebody installed by hand is
 * taken as it is when it matches, and an install with development tools is never reduced to one
 * without. Everything it says goes to stderr: stdout belongs to the command.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));
const NODE_MIN = [20, 19];
const STAMP = path.join(ROOT, 'node_modules', '.hutong-install.json');
const LOCK = path.join(ROOT, 'package-lock.json');
const HEARTBEAT_MS = 10_000;

/**
 * @param {{ withDevelopment: boolean }} options
 * @returns {Promise<void>} ends the process with a clear message where it cannot be done
 */
export async function ensureInstalled({ withDevelopment }) {
  refuseOldNode();
  const lockText = fs.readFileSync(LOCK, 'utf8');
  const lock = createHash('sha256').update(lockText).digest('hex');
  const stamp = readJson(STAMP);
  if (stamp?.lock === lock && (stamp.withDevelopment || !withDevelopment)) return;
  const installed = readJson(path.join(ROOT, 'node_modules', '.package-lock.json'));
  const wanted = JSON.parse(lockText).packages;
  const has = (development) =>
    installed !== undefined && matches(wanted, installed.packages, development);
  if (stamp?.lock !== lock) {
    const hasAll = has(true);
    if (hasAll || (!withDevelopment && has(false))) {
      writeStamp(lock, hasAll);
      return;
    }
  }
  // A superset is fine, and somebody who had the tools wants to keep them.
  const keepsDevelopment = withDevelopment || stamp?.withDevelopment === true;
  await install(keepsDevelopment, { isAddition: has(false) });
  writeStamp(lock, keepsDevelopment);
}

function refuseOldNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > NODE_MIN[0] || (major === NODE_MIN[0] && minor >= NODE_MIN[1])) return;
  say(`Hutong needs Node.js ${NODE_MIN.join('.')} or newer; this is ${process.versions.node}.`);
  process.exit(1);
}

/** Is every package of the lock there, in its version? Optional ones may be of another system. */
function matches(wanted, installed, withDevelopment) {
  return Object.entries(wanted).every(([place, entry]) => {
    if (entry.link) return fs.existsSync(path.join(ROOT, place));
    if (place === '' || !place.includes('node_modules/')) return true;
    if (entry.optional || entry.devOptional || entry.peer) return true;
    if (entry.dev && !withDevelopment) return true;
    const isThere = fs.existsSync(path.join(ROOT, place, 'package.json'));
    return isThere && installed?.[place]?.version === entry.version;
  });
}

/**
 * `npm ci` begins by deleting what is there. Where only the tools are missing they are added
 * instead, by the same lock: a demo may be running out of these very files.
 */
async function install(withDevelopment, { isAddition }) {
  const startedAt = performance.now();
  const seconds = () => `${((performance.now() - startedAt) / 1000).toFixed(1)} s`;
  const what = withDevelopment ? 'packages and development tools' : 'packages';
  const command = isAddition ? 'npm install' : 'npm ci';
  say(`installing ${what} by package-lock.json (${command}) ...`);
  const heartbeat = setInterval(() => say(`still installing, ${seconds()} ...`), HEARTBEAT_MS);
  const code = await run([
    ...(isAddition ? ['install', '--save=false'] : ['ci']),
    '--no-audit',
    '--no-fund',
    ...(withDevelopment ? ['--include=dev'] : ['--omit=dev']),
  ]);
  clearInterval(heartbeat);
  if (code !== 0) {
    say(`${command} failed after ${seconds()}; the reason is above. Run it by hand in ${ROOT}`);
    process.exit(1);
  }
  say(`installed in ${seconds()}`);
}

function run(args) {
  // Started through npm, the very same npm is used.
  const npm = process.env.npm_execpath;
  const isScript = npm?.endsWith('npm-cli.js') === true;
  const command = isScript ? process.execPath : 'npm';
  return new Promise((resolve) => {
    const child = spawn(command, isScript ? [npm, ...args] : args, {
      cwd: ROOT,
      stdio: ['ignore', 2, 2],
      shell: !isScript && process.platform === 'win32',
    });
    child.once('error', (error) => {
      say(`npm could not be started: ${error.message}`);
      resolve(1);
    });
    child.once('close', (code) => resolve(code ?? 1));
  });
}

function readJson(file) {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

function writeStamp(lock, withDevelopment) {
  try {
    fs.writeFileSync(STAMP, `${JSON.stringify({ lock, withDevelopment })}\n`);
  } catch {
    // A read-only installation is complete already; the next start looks again.
  }
}

function say(line) {
  process.stderr.write(`hutong: ${line}\n`);
}
