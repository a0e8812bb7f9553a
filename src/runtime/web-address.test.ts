import { describe, expect, it } from 'vitest';
import {
  clearAddresses,
  isBlockedPort,
  isLoopbackHost,
  isTestAddress,
  webAddressProblem,
} from './web-address.ts';

describe('addresses that may be used', () => {
  it.each([
    'https://pay.example.com',
    'https://10.0.0.5:8443/x',
    'http://127.0.0.1:4000',
    'http://127.9.9.9',
    'http://[::1]:4000/',
    'http://localhost:4000',
    'http://shop.localhost',
    'http://2130706433/',
  ])('S15: %s is taken', (text) => expect(webAddressProblem(text)).toBeNull());

  it.each([
    ['http://pay.example.com', 'must be https'],
    ['http://10.0.0.5', 'must be https'],
    ['http://127.0.0.1.example.com', 'must be https'],
    ['http://localhost.example.com', 'must be https'],
    ['http://notlocalhost', 'must be https'],
    ['http://[::ffff:7f00:1]', 'must be https'],
    ['http://0.0.0.0', 'must be https'],
    ['ftp://pay.example.com', 'https or http'],
    ['javascript:alert(1)', 'https or http'],
    ['/back', 'absolute'],
    ['https://pay.example.com:6000/', 'port 6000'],
    ['http://127.0.0.1:10080/', 'port 10080'],
  ])('S15: %s is refused: %s', (text, why) => expect(webAddressProblem(text)).toContain(why));

  it('S15: recognizes this machine by name and address, and no other', () => {
    expect(['LOCALHOST', 'localhost.', '127.0.0.1', '[::1]'].map(isLoopbackHost)).not.toContain(
      false,
    );
    expect(
      ['', 'localhost.evil', '128.0.0.1', '::2', '1.0.0.127'].map(isLoopbackHost),
    ).not.toContain(true);
  });

  it('S15: finds every address in the clear, by its place', () => {
    const endpoints = { api: 'http://api.mch.example', oauth: 'https://api.example' };
    const near = { api: 'http://127.0.0.1:4100', pc: 'HTTP://[::1]/x' };
    expect(clearAddresses({ mchid: '1', endpoints, near })).toEqual(['endpoints.api']);
    expect(clearAddresses({ a: [{ b: 'HTTP://far.example' }] })).toEqual(['a.0.b']);
    expect(clearAddresses({ a: 'http://[bad' })).toEqual(['a']);
  });

  it('S15: the ports are those that fetch itself refuses', async () => {
    const refused = async (port: number): Promise<boolean> => {
      const error = await fetch(`http://127.0.0.1:${port}/`).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      return String((error as Error | undefined)?.cause).includes('bad port');
    };
    for (const port of [1, 22, 25, 6000, 6566, 6667, 6697, 10080])
      expect([port, isBlockedPort(port), await refused(port)]).toEqual([port, true, true]);
    for (const port of [80, 443, 4000, 4100, 4200, 6001, 8080, 10081])
      expect([port, isBlockedPort(port)]).toEqual([port, false]);
  });
});

describe('addresses where no money is real', () => {
  const domains = ['test.95516.com'];
  it.each([
    'http://127.0.0.1:4100',
    'http://[::1]:4100/gateway.do',
    'http://localhost:4100',
    'https://sandbox.test/x',
    'https://gateway.test.95516.com',
    'https://GATEWAY.TEST.95516.COM./x',
    'https://test.95516.com',
  ])('S14: %s is a test address', (text) => expect(isTestAddress(text, domains)).toBe(true));

  it.each([
    'https://gateway.95516.com',
    'https://nottest.95516.com',
    'https://test.95516.com.example.com',
    'https://test.95516.com@gateway.95516.com',
    'https://10.0.0.5',
    'https://relay.internal',
    'https://gateway.95516.com/?x=.test',
    'https://contest',
    '',
    'gateway.test.95516.com',
  ])('S14: %s is not', (text) => expect(isTestAddress(text, domains)).toBe(false));
});
