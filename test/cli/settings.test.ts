/** Settings and ports: a wrong one names itself and what to do, before anything is started. */
import net from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demoPorts, firstPortProblem, portProblem } from '../../src/cli/ports.ts';
import { readSettings, type Settings, settingProblems } from '../../src/cli/settings.ts';

function read(environment: Record<string, string>): Settings {
  const settings = readSettings(environment);
  if (!settings.ok) throw new Error(settings.error);
  return settings.value;
}

describe('settings', () => {
  it.each([
    ['HUTONG_PORT', 'abc'],
    ['HUTONG_PORT', '70000'],
    ['HUTONG_LANES', '0'],
    ['HUTONG_PUBLIC_URL', 'shop'],
    ['HUTONG_PUBLIC_URL', 'ftp://pay.example'],
    ['HUTONG_RATE_LIMIT', 'no'],
    ['HUTONG_PRIVATE_PORT', 'inside'],
    ['HUTONG_PRIVATE_PORT', '4000'],
    ['HUTONG_MAX_CONNECTIONS', '1'],
    ['HUTONG_DNS', 'dns.internal'],
    ['HUTONG_DNS', '10.0.0.53, x'],
    ['HUTONG_WEBHOOK_ALLOW', '10.0.0.0/99'],
    ['HUTONG_TRUST_PROXY', 'yes'],
    ['HUTONG_TRUST_PROXY', '33'],
    ['HUTONG_TRUST_PROXY', '10.0.0.0/8, proxy.internal'],
    ['HUTONG_LOG_LEVEL', 'loud'],
    ['DATABASE_URL', 'mysql://shop:hidden@db/hutong'],
  ])('%s=%s is refused by name', (name, value) => {
    const answer = readSettings({ [name]: value });
    expect(answer).toMatchObject({ ok: false, error: expect.stringContaining(name) });
    expect(JSON.stringify(answer)).not.toContain('hidden');
  });

  it('reports every mistake, not only the first', () => {
    const wrong = {
      HUTONG_PORT: 'abc',
      HUTONG_LOG_LEVEL: 'loud',
      HUTONG_DNS: 'dns.internal',
      DATABASE_URL: 'mysql://shop:hidden@db/hutong',
    };
    const problems = settingProblems({ ...wrong, HUTONG_LANES: '4' });
    expect(problems.map((text) => text.split(' ')[0]).sort()).toEqual(Object.keys(wrong).sort());
    expect(settingProblems({})).toEqual([]);
  });

  it.each([
    ['HUTONG_PUBLIC_URL', 'http://pay.example.com'],
    ['HUTONG_PUBLIC_URL', 'http://192.168.1.7:4000'],
    ['HUTONG_PUBLIC_URL', 'https://pay.example.com:6000'],
    ['HUTONG_PORT', '6000'],
    ['HUTONG_SANDBOX_PORT', '6667'],
    ['HUTONG_BAZAAR_PORT', '10080'],
    ['DATABASE_URL', 'postgres://shop:hidden@db.internal/hutong'],
    ['DATABASE_URL', 'postgres://shop:hidden@10.0.0.5/hutong?sslmode=disable'],
    ['DATABASE_URL', 'postgres://shop:hidden@db.internal/hutong?sslmode=prefer'],
    ['DATABASE_URL', 'postgres://shop:hidden@localhost/hutong?host=db.internal'],
    ['DATABASE_URL', 'postgres://shop:hid/den@db.internal/hutong'],
  ])('S15: %s=%s is refused by name, and no password is said', (name, value) => {
    const answer = readSettings({ [name]: value });
    expect(answer).toMatchObject({ ok: false, error: expect.stringContaining(name) });
    expect(JSON.stringify(answer)).not.toMatch(/hidden|hid\/den/);
  });

  it.each([
    ['HUTONG_PUBLIC_URL', 'https://pay.example.com'],
    ['HUTONG_PUBLIC_URL', 'http://localhost:4000'],
    ['DATABASE_URL', 'postgres://shop:hidden@db.internal/hutong?sslmode=verify-full'],
    ['DATABASE_URL', 'postgres://shop:hidden@127.0.0.1:5432/hutong'],
    ['DATABASE_URL', 'postgres:///hutong?host=/var/run/postgresql'],
    ['DATABASE_URL', 'postgres://shop@%2Fvar%2Frun%2Fpostgresql/hutong'],
  ])('S15: %s=%s is taken', (name, value) => {
    expect(readSettings({ [name]: value })).toMatchObject({ ok: true });
  });

  it('takes an empty one as not set', () => {
    const empty = {
      HUTONG_PORT: '',
      HUTONG_RATE_LIMIT: '',
      HUTONG_LOG_LEVEL: '',
      DATABASE_URL: '',
    };
    const settings = read(empty);
    expect(settings).toMatchObject({ port: 4000, hasRateLimit: true, databaseUrl: null });
    expect(settings.logLevel).toBe('info');
  });
});

describe('ports', () => {
  const holder = net.createServer();
  let held = 0;
  beforeAll(async () => {
    await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
    held = (holder.address() as net.AddressInfo).port;
  });
  afterAll(() => new Promise((resolve) => holder.close(resolve)));

  it('that are in use say which setting changes them', async () => {
    const taken = { HUTONG_PORT: '0', HUTONG_SANDBOX_PORT: '0', HUTONG_BAZAAR_PORT: String(held) };
    expect(await firstPortProblem(demoPorts(read(taken)))).toBe(
      `the bazaar: port ${held} is in use; stop what holds it or set HUTONG_BAZAAR_PORT`,
    );
    const free = { ...taken, HUTONG_BAZAAR_PORT: '0' };
    expect(await firstPortProblem(demoPorts(read(free)))).toBeNull();
  });

  it('may not be wanted twice', async () => {
    const [platform, sandbox] = demoPorts(read({ HUTONG_PORT: '0' }));
    const gone = net.createServer();
    await new Promise<void>((resolve) => gone.listen(0, '127.0.0.1', resolve));
    const { port } = gone.address() as net.AddressInfo;
    await new Promise((resolve) => gone.close(resolve));
    expect(await firstPortProblem([platform!, sandbox!].map((one) => ({ ...one, port })))).toBe(
      `HUTONG_PORT and HUTONG_SANDBOX_PORT are both ${port}; set one of them otherwise`,
    );
  });

  it('on an address of another machine name HUTONG_HOST', async () => {
    const [platform] = demoPorts(read({ HUTONG_PORT: '0', HUTONG_HOST: '192.0.2.1' }));
    expect(await portProblem(platform!)).toContain('HUTONG_HOST');
  });
});
