/**
 * RSA keys for the cities of tests. Making the forty of a city takes more than most tests do, so
 * they are made once and kept between runs; cities of one process have different ones, as long as
 * they are few. A sandbox that is a process of its own makes its own.
 */
import { generateKeyPair } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import type { KeyPair } from '../../sandbox/kit/kit.ts';

const FOLDER = path.join(os.tmpdir(), 'hutong-test-keys');
/** Of two cities and a half. */
const POOL_SIZE = 112;
const generate = promisify(generateKeyPair);
let taken = 0;

export async function pooledKeyPair(): Promise<KeyPair> {
  const file = path.join(FOLDER, `${taken % POOL_SIZE}.json`);
  taken += 1;
  if (fs.existsSync(file)) return JSON.parse(fs.readFileSync(file, 'utf8')) as KeyPair;
  const made = await generate('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const pair = { privateKeyPem: made.privateKey, publicKeyPem: made.publicKey };
  fs.mkdirSync(FOLDER, { recursive: true, mode: 0o700 });
  const draft = `${file}.${process.pid}.${taken}`;
  fs.writeFileSync(draft, JSON.stringify(pair), { mode: 0o600 });
  fs.renameSync(draft, file);
  return pair;
}
