/** What a child of the demo gets of this process's environment. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { startChild } from '../../src/cli/child.ts';

test('S10: a child inherits no secret: what it needs is named, the rest stays here', async () => {
  const secrets = {
    DATABASE_URL: 'postgres://hutong:word@db/hutong',
    HUTONG_MASTER_KEY: 'ab'.repeat(32),
    HUTONG_MASTER_KEY_FILE: '/etc/hutong/master.key',
    PGPASSWORD: 'word',
    AWS_SECRET_ACCESS_KEY: 'word',
    SOME_TOKEN: 'word',
  };
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'hutong-child-'));
  const script = path.join(dir, 'child.mjs');
  const seen = path.join(dir, 'seen.json');
  fs.writeFileSync(
    script,
    `import fs from 'node:fs';
    fs.writeFileSync(process.env.SEEN, JSON.stringify(process.env));
    console.log('ready');
    setInterval(() => undefined, 1000);`,
  );
  Object.assign(process.env, secrets);
  try {
    const child = await startChild({
      name: 'the child',
      args: [script],
      env: { SEEN: seen, HUTONG_DIR: dir },
      readyText: 'ready',
      timeoutMs: 30_000,
    });
    await child.stop();
    const seenEnv = JSON.parse(fs.readFileSync(seen, 'utf8')) as Record<string, string>;
    expect(Object.keys(seenEnv).filter((name) => name in secrets)).toEqual([]);
    expect(seenEnv).toMatchObject({ HUTONG_DIR: dir, PATH: process.env.PATH });
    expect(Object.keys(seenEnv).filter((name) => /^(HUTONG_(?!DIR)|PG|VITEST)/.test(name))).toEqual(
      [],
    );
  } finally {
    for (const name of Object.keys(secrets)) delete process.env[name];
    fs.rmSync(dir, { recursive: true, force: true });
  }
});
