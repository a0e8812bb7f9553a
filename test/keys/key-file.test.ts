/** The ring's file: who may read it, what may stand in it, and that it is never half written. */
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { fileSource, textSource, writeKeyFile } from '../../src/runtime/key-file.ts';
import { masterKeyOf, openKeyRing } from '../../src/runtime/key-ring.ts';

const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'hutong-ring-'));
const file = path.join(dir, 'master.key');
const hex = () => randomBytes(32).toString('hex');
const write = (text: string, mode = 0o600) => {
  fs.writeFileSync(file, text);
  fs.chmodSync(file, mode);
};
const ring = () => {
  const opened = openKeyRing(fileSource(file));
  if (!opened.ok) throw new Error(opened.error);
  return opened.value;
};

afterAll(() => fs.rmSync(dir, { recursive: true, force: true }));

test('S10: a key file that others can read or change is refused, with what to do', () => {
  for (const mode of [0o644, 0o640, 0o604, 0o660, 0o602, 0o610]) {
    write(hex(), mode);
    const opened = openKeyRing(fileSource(file));
    const octal = `0${mode.toString(8)}`;
    expect(opened.ok, octal).toBe(false);
    if (!opened.ok) expect(opened.error).toContain(`(mode ${octal}): chmod 600 ${file}`);
  }
  for (const mode of [0o600, 0o400]) {
    write(hex(), mode);
    expect(openKeyRing(fileSource(file)).ok).toBe(true);
  }
});

test('S10: one key as before, or several with comments; anything else is refused by name', () => {
  const [one, two] = [hex(), hex()];
  write(one);
  expect(ring().all()).toHaveLength(1);
  write(`# the ring\n${one}  # old\n\n${two.toUpperCase()}\n`);
  expect(
    ring()
      .all()
      .map(({ key }) => key.toString('hex')),
  ).toEqual([one, two]);
  expect(ring().first.key.toString('hex')).toBe(one);
  const listed = openKeyRing(textSource('HUTONG_MASTER_KEY', `${one}, ${two}`));
  expect(listed.ok && listed.value.all()).toHaveLength(2);
  for (const text of ['', '# none', 'abc', `${one}${two}`, `${one}\nxyz`, one.slice(2)]) {
    write(text);
    const opened = openKeyRing(fileSource(file));
    expect(opened.ok, text).toBe(false);
    if (!opened.ok && text !== '') expect(opened.error).not.toContain(text);
  }
});

test('S10: a running ring takes up what is added, and loses nothing to a broken or foreign file', () => {
  const [one, two, three] = [randomBytes(32), randomBytes(32), randomBytes(32)].map(masterKeyOf);
  if (one === undefined || two === undefined || three === undefined) throw new Error('keys');
  writeKeyFile(file, [one]);
  expect(fs.statSync(file).mode & 0o777).toBe(0o600);
  const running = ring();
  expect(running.key(two.kid)).toBeUndefined();
  writeKeyFile(file, [one, two]);
  expect(running.refresh().ok).toBe(true);
  expect(running.key(two.kid)?.key).toEqual(two.key);
  write(`${three.key.toString('hex')}`);
  expect(running.refresh().ok).toBe(true);
  write('half a ke');
  expect(running.refresh().ok).toBe(false);
  write(three.key.toString('hex'), 0o644);
  expect(running.refresh().ok).toBe(false);
  fs.rmSync(file);
  expect(running.refresh().ok).toBe(false);
  for (const { kid, key } of [one, two, three]) expect(running.key(kid)?.key).toEqual(key);
});

test('S10: an unknown id makes the ring read the file before it is reported missing', () => {
  const [one, two] = [masterKeyOf(randomBytes(32)), masterKeyOf(randomBytes(32))];
  writeKeyFile(file, [one]);
  const running = ring();
  writeKeyFile(file, [one, two]);
  expect(running.key(two.kid)?.key).toEqual(two.key);
});

test('S10: a link to a mounted secret stays a link', () => {
  const real = path.join(dir, 'mounted');
  const link = path.join(dir, 'link');
  const keys = [masterKeyOf(randomBytes(32)), masterKeyOf(randomBytes(32))];
  writeKeyFile(real, keys.slice(0, 1));
  fs.symlinkSync(real, link);
  writeKeyFile(link, keys);
  expect(fs.lstatSync(link).isSymbolicLink()).toBe(true);
  expect(openKeyRing(fileSource(real)).ok).toBe(true);
  expect(fs.readFileSync(real, 'utf8').split('\n')).toHaveLength(3);
});
