import { describe, expect, it } from 'vitest';
import { loadAssets } from '../../src/cashier/assets.ts';

const css = loadAssets().style.body;

function colour(name: string): string {
  if (name.startsWith('#')) return name;
  return new RegExp(`--${name}: (#[0-9a-f]{3,6});`).exec(css)?.[1] ?? '';
}

/** WCAG 2 relative luminance. */
function luminance(hex: string): number {
  const full = hex.length === 4 ? hex.replace(/[0-9a-f]/g, '$&$&') : hex;
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((start) => {
    const value = Number.parseInt(full.slice(start, start + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(colour(one)), luminance(colour(other))].sort(
    (a, b) => a - b,
  );
  return (light + 0.05) / (dark + 0.05);
}

describe('colours', () => {
  it.each([
    ['ink', 'paper'],
    ['ink', 'ground'],
    ['soft', 'paper'],
    ['soft', 'ground'],
    ['warn', '#fff6e8'],
    ['#5c3206', '#fff6e8'],
    ['ink', '#eef3f8'],
    ['paper', 'deep'],
  ])('%s on %s is readable (AA, 4.5)', (text, ground) => {
    expect(contrast(text, ground)).toBeGreaterThanOrEqual(4.5);
  });

  it.each([
    ['focus', 'paper'],
    ['focus', 'ground'],
    ['good', 'paper'],
  ])('%s on %s is seen (AA, 3)', (sign, ground) => {
    expect(contrast(sign, ground)).toBeGreaterThanOrEqual(3);
  });
});
