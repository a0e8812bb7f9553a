/** `hutong nfc tap`: the whole transcript, in both languages, and the bank's judgement. */
import { Command } from 'commander';
import { afterEach, describe, expect, test } from 'vitest';
import { addNfcCommands } from '../../src/cli/nfc.ts';
import { readFlat } from '../conformance/second-verifier-nfc.ts';

async function run(...args: string[]) {
  const lines: string[] = [];
  const program = new Command();
  addNfcCommands(program, (line) => void lines.push(line));
  process.exitCode = 0;
  await program.parseAsync(['nfc', 'tap', ...args], { from: 'user' });
  return { lines, text: lines.join('\n'), exitCode: process.exitCode };
}

afterEach(() => {
  process.exitCode = 0;
});

describe('hutong nfc tap', () => {
  test('--trace prints every command and answer, decoded, and field 55', async () => {
    const { text, exitCode } = await run('--amount', '1.00', '--trace');
    for (const args of [
      '1. SELECT PPSE',
      '2PAY.SYS.DDF01',
      '2. SELECT AID',
      'UnionPay debit',
      '3. GPO',
      '9F66 terminal transaction qualifiers: 26804080  qPBOC, online PIN, signature',
      '9F02 amount: 000000000100  1.00',
      '9F27 cryptogram information: 80  ARQC',
      '6. READ RECORD',
      '9000 ok',
      'Field 55',
      'outcome   approved',
    ]) {
      expect(text).toContain(args);
    }
    expect(text).not.toContain('?:');
    expect(exitCode).toBe(0);
  });

  test('prints a field 55 that a second reader understands', async () => {
    const { lines } = await run('--amount', '12.34');
    const hex = lines.find((line) => line.startsWith('field55'))?.split(/\s+/)[1] ?? '';
    const values = readFlat(Buffer.from(hex, 'hex'));
    expect(values?.get('9f02')?.toString('hex')).toBe('000000001234');
    expect(values?.get('5f2a')?.toString('hex')).toBe('0156');
    expect(lines.join()).not.toContain('SELECT');
  });

  test('--lang zh speaks Chinese', async () => {
    const { text } = await run('--trace', '--lang', 'zh');
    for (const args of ['选择应用目录', '终端 >', '卡片 <', '授权金额', '成功', '55 域']) {
      expect(text).toContain(args);
    }
  });

  test('above the limit the bank asks for the PIN, unless the phone was unlocked', async () => {
    expect((await run('--amount', '1000.00')).text).toContain('outcome   approved');
    const locked = await run('--amount', '1000.01');
    expect(locked.text).toContain('asks for  online_pin');
    expect(locked.text).toContain('outcome   pin_required');
    expect((await run('--amount', '1000.01', '--unlocked')).text).toContain('outcome   approved');
  });

  test('above the terminal’s own limit nothing is begun, and the exit code says so', async () => {
    const { text, exitCode } = await run('--amount', '50000.01', '--trace');
    expect(text).toBe('outcome   other_interface (over_limit)');
    expect(exitCode).toBe(1);
  });

  test.each([
    ['--amount', '0'],
    ['--amount', '-1'],
    ['--amount', '1,00'],
    ['--amount', '99999999999.00'],
    ['--lang', 'fr'],
  ])('%s %s is refused with a message', async (name, value) => {
    await expect(run(name, value)).rejects.toThrow(new RegExp(`${name} is .* not ${value}$`));
  });
});
