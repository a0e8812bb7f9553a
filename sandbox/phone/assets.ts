/** The phone page's style and scripts: a few small files, read once. */
import { readFileSync } from 'node:fs';
import type { WireResponse } from '../kit/kit.ts';

const TYPES = {
  '/phone/phone.css': 'text/css; charset=utf-8',
  '/phone/phone.js': 'text/javascript; charset=utf-8',
  '/phone/base.js': 'text/javascript; charset=utf-8',
  '/phone/present.js': 'text/javascript; charset=utf-8',
} as const;

const assets = new Map<string, WireResponse>(
  Object.entries(TYPES).map(([path, type]) => [
    path,
    {
      status: 200,
      headers: {
        'content-type': type,
        'cache-control': 'no-cache',
        'x-content-type-options': 'nosniff',
      },
      body: readFileSync(new URL(`./assets${path.slice('/phone'.length)}`, import.meta.url)),
    },
  ]),
);

export function phoneAsset(path: string): WireResponse | undefined {
  return assets.get(path);
}
