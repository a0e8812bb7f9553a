/** Text on its ground, in both fronts' colours: WCAG 2 AA, computed from the sheets themselves. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const sheet = (name: string) =>
  readFileSync(new URL(`./assets/styles/${name}.css`, import.meta.url), 'utf8');
const base = sheet('base');
const all = ['base', 'bars', 'front', 'order'].map(sheet).join('');

function token(front: string, name: string): string {
  const own = new RegExp(`\\.${front} \\{[^}]*--${name}: (#[0-9a-f]{6});`).exec(base)?.[1];
  const found = own ?? new RegExp(`:root \\{[^}]*--${name}: (#[0-9a-f]{6});`).exec(base)?.[1];
  if (found === undefined) throw new Error(`no colour ${name} of ${front}`);
  return found;
}

function luminance(hex: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((start) => {
    const value = Number.parseInt(hex.slice(start, start + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

describe.each(['taobao', 'tmall'])('%s', (front) => {
  it.each([
    ['ink', 'page'],
    ['soft', 'page'],
    ['soft', 'tint'],
    ['brand-dark', 'tint'],
  ])('%s on %s is readable', (text, ground) => {
    expect(contrast(token(front, text), token(front, ground))).toBeGreaterThanOrEqual(4.5);
  });

  it.each(['brand', 'brand-2', 'brand-dark', 'soft', 'good', 'bad'])('%s on white', (name) => {
    expect(contrast(token(front, name), '#ffffff')).toBeGreaterThanOrEqual(4.5);
  });
});

it('white text is readable on every gradient', () => {
  const grounds = [...all.matchAll(/linear-gradient\(([^)]*)\)/g)].flatMap(([, inside = '']) => [
    ...inside.matchAll(/#[0-9a-f]{3,8}/g),
  ]);
  expect(grounds.length).toBeGreaterThan(10);
  for (const [colour] of grounds)
    expect([colour, contrast(colour, '#ffffff') >= 4.5]).toEqual([colour, true]);
});

it('asks nothing of a reader who wants no motion', () => {
  const [, quiet = ''] = base.split('@media (prefers-reduced-motion: reduce)');
  for (const what of ['animation', 'transition', 'scroll-behavior'])
    expect(quiet).toMatch(new RegExp(`${what}: (none|auto) !important`));
});
