/**
 * The cashier's static files, read once and named by their hash, so that browsers cache them for
 * ever and a changed file has a new address. Such an address never contains a token.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

export interface Asset {
  readonly path: string;
  readonly contentType: string;
  readonly body: string;
}

export interface Assets {
  readonly script: Asset;
  readonly style: Asset;
  readonly icon: Asset;
  /** Served only to the page of a printed code. */
  readonly counterScript: Asset;
  readonly counterStyle: Asset;
}

export function loadAssets(): Assets {
  return Object.freeze({
    script: loadAsset('cashier.js', 'text/javascript; charset=utf-8'),
    style: loadAsset('cashier.css', 'text/css; charset=utf-8'),
    icon: loadAsset('cashier.svg', 'image/svg+xml'),
    counterScript: loadAsset('counter.js', 'text/javascript; charset=utf-8'),
    counterStyle: loadAsset('counter.css', 'text/css; charset=utf-8'),
  });
}

function loadAsset(name: string, contentType: string): Asset {
  const body = readFileSync(new URL(`./assets/${name}`, import.meta.url), 'utf8');
  const hash = createHash('sha256').update(body).digest('hex').slice(0, 12);
  const [stem, extension] = name.split('.');
  return Object.freeze({ path: `/pay/assets/${stem}-${hash}.${extension}`, contentType, body });
}
