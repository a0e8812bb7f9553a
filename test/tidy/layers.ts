/** Who may import whom: the layers of src, the sandbox, the SDK and the examples. */
import type { Rule } from './rule.ts';
import { importsOf, isCode, isTest, type SourceFile, sample } from './tree.ts';

/** Wire formats that no wallet owns: codecs that every wallet and gateway may use. */
const WIRE_FORMATS = [
  'src/wires/qr/',
  'src/wires/nfc/',
  'src/wires/keys/',
  'src/wires/codec-error.ts',
  'src/wires/beijing-time.ts',
];
const WORDS = ['src/kernel/', 'src/core/', 'src/runtime/'];
const PORT = ['src/wallets/wallet.ts', 'src/wallets/credentials.ts', 'src/wallets/registry.ts'];
const COMMITTED = ['src/database/', 'src/store/', 'src/engine/', 'src/webhooks/'];

/** `{own}` is the wallet's own name. The first row whose pattern fits is the file's layer. */
const LAYERS: readonly { readonly of: RegExp; readonly may: readonly string[] }[] = [
  { of: /^src\/kernel\//, may: ['src/kernel/'] },
  {
    of: /^src\/wires\/(?:qr|nfc|keys|codec-error\.ts|beijing-time\.ts)/,
    may: ['src/kernel/', ...WIRE_FORMATS],
  },
  {
    of: /^src\/wires\/([^/]+)\//,
    may: ['src/kernel/', ...WIRE_FORMATS, 'src/wires/{own}/'],
  },
  { of: /^src\/core\//, may: ['src/kernel/', 'src/core/'] },
  { of: /^src\/runtime\//, may: ['src/kernel/', 'src/runtime/'] },
  { of: /^src\/database\//, may: ['src/kernel/', 'src/database/'] },
  { of: /^src\/store\//, may: [...WORDS, 'src/database/', 'src/store/'] },
  { of: /^src\/engine\//, may: [...WORDS, 'src/database/', 'src/store/', 'src/engine/'] },
  { of: /^src\/webhooks\//, may: [...WORDS, 'src/webhooks/'] },
  { of: /^src\/wallets\/credentials\.ts$/, may: WORDS },
  { of: /^src\/wallets\/wallet\.ts$/, may: [...WORDS, 'src/wallets/credentials.ts'] },
  { of: /^src\/wallets\/answers\.ts$/, may: [...WORDS, 'src/wallets/wallet.ts'] },
  { of: /^src\/wallets\/registry\.ts$/, may: ['src/kernel/', 'src/core/', 'src/wallets/'] },
  {
    of: /^src\/wallets\/([^/]+)\//,
    may: [
      ...WORDS,
      'src/wallets/wallet.ts',
      'src/wallets/credentials.ts',
      'src/wallets/answers.ts',
      ...WIRE_FORMATS,
      'src/wires/{own}/',
      'src/wallets/{own}/',
    ],
  },
  {
    of: /^src\/flows\//,
    may: [...WORDS, ...PORT, ...WIRE_FORMATS, ...COMMITTED, 'src/flows/'],
  },
  {
    of: /^src\/(http|cashier)\//,
    may: [
      ...WORDS,
      ...PORT,
      ...WIRE_FORMATS,
      ...COMMITTED,
      'src/flows/',
      'src/http/',
      'src/cashier/',
    ],
  },
  {
    of: /^sandbox\/(kit|tap)\//,
    may: ['src/kernel/', 'src/runtime/', ...WIRE_FORMATS, 'sandbox/kit/', 'sandbox/tap/'],
  },
  {
    of: /^sandbox\/gateways\/([^/]+)\//,
    may: [
      'src/kernel/',
      'src/runtime/',
      ...WIRE_FORMATS,
      'src/wires/{own}/',
      'sandbox/kit/',
      'sandbox/tap/',
      'sandbox/gateways/{own}/',
    ],
  },
  {
    of: /^sandbox\//,
    may: ['src/kernel/', 'src/runtime/', ...WIRE_FORMATS, 'sandbox/'],
  },
  { of: /^src\/(cli\/|compose\.ts$|compose-|main\.ts$)/, may: ['src/', 'sdk/', 'sandbox/'] },
  { of: /^sdk\//, may: ['sdk/'] },
  { of: /^examples\//, may: ['examples/', 'sdk/'] },
];

/** Core computes: of Node it may hash, and of packages it may use none. */
const CORE_MODULES = new Set(['node:crypto']);
/** But for what it shows: a shape is data, and its presenter is typed by it. */
const SHAPE = /^src\/core\/(?:[^/]+\/)?shape\.ts$/;

function importComplaints(file: SourceFile): string[] {
  const layer = LAYERS.find(({ of }) => of.test(file.path));
  if (layer === undefined) return [`${file.path} belongs to no layer: give it one in LAYERS`];
  const own = layer.of.exec(file.path)?.[1] ?? '';
  const may = layer.may.map((prefix) => prefix.replace('{own}', own));
  return importsOf(file)
    .filter((target) => (isFile(target) ? !isAllowed(target, may) : isTooMuch(file.path, target)))
    .map((target) => `imports ${target}`);
}

function isFile(target: string): boolean {
  return target.includes('/') && !target.startsWith('@') && !target.startsWith('node:')
    ? /^(?:src|sandbox|sdk|examples|test|tools|bench|bin|\.\.)\//.test(target)
    : false;
}

function isAllowed(target: string, may: readonly string[]): boolean {
  const fits = (prefix: string) =>
    new RegExp(`^${prefix.replaceAll('.', '\\.').replace('*', '[^/]+')}`).test(target);
  const denied = may.filter((prefix) => prefix.startsWith('!')).map((prefix) => prefix.slice(1));
  return may.some(fits) && !denied.some(fits);
}

function isTooMuch(from: string, target: string): boolean {
  if (SHAPE.test(from) && target === 'typebox') return false;
  return /^src\/(?:kernel|core)\//.test(from) && !CORE_MODULES.has(target);
}

export const LAYER_RULE: Rule = {
  name: 'imports point inwards',
  applies: (file) => isCode(file) && /^(?:src|sandbox|sdk|examples)\//.test(file) && !isTest(file),
  complaints: importComplaints,
  bad: [
    sample('src/kernel/a.ts', `import { x } from '../core/payment/model.ts';`),
    sample('src/kernel/a.ts', `import fs from 'node:fs';`),
    sample('src/core/a.ts', `import { x } from '../runtime/clock.ts';`),
    sample('src/core/a.ts', `import fs from 'node:fs';`),
    sample('src/core/a.ts', `import { Type } from 'typebox';`),
    sample('src/core/refund/present.ts', `import type { Static } from 'typebox';`),
    sample('src/core/refund/shape.ts', `import { Compile } from 'typebox/compile';`),
    sample('src/core/payment/a.ts', `import { y } from '../../wires/qr/crc16.ts';`),
    sample('src/runtime/a.ts', `import type { Db } from '../database/db.ts';`),
    sample('src/database/a.ts', `import { y } from '../store/payment/rows.ts';`),
    sample('src/wires/alipay/a.ts', `import { y } from '../wechatpay/rsa.ts';`),
    sample('src/wires/alipay/a.ts', `import { y } from '../../runtime/clock.ts';`),
    sample('src/wires/alipay/a.ts', `import { y } from '../../wallets/wallet.ts';`),
    sample('src/wires/nfc/a.ts', `import { y } from '../alipay/rsa.ts';`),
    sample('src/wires/keys/a.ts', `import { y } from '../jdpay/keys.ts';`),
    sample('src/wallets/alipay/a.ts', `import { y } from '../wechatpay/answer.ts';`),
    sample('src/wallets/alipay/a.ts', `import { y } from '../../wires/wechatpay/rsa.ts';`),
    sample('src/wallets/alipay/a.ts', `import { y } from '../../../sandbox/city.ts';`),
    sample('src/wallets/alipay/a.ts', `import { y } from '../registry.ts';`),
    sample('src/wallets/wallet.ts', `import { y } from './alipay/adapter.ts';`),
    sample('src/wallets/wallet.ts', `import { y } from './answers.ts';`),
    sample('src/wallets/answers.ts', `import { y } from './alipay/adapter.ts';`),
    sample('src/store/a.ts', `import { y } from '../engine/lane.ts';`),
    sample('src/engine/a.ts', `import { y } from '../flows/refund/refund.ts';`),
    sample('src/engine/a.ts', `import { y } from '../wallets/wallet.ts';`),
    sample('src/flows/a.ts', `const y = await import('../http/server.ts');`),
    sample('src/flows/a.ts', `import { y } from '../wallets/alipay/adapter.ts';`),
    sample('src/http/a.ts', `import { y } from '../../sandbox/city.ts';`),
    sample('sandbox/kit/a.ts', `import { y } from '../city.ts';`),
    sample('sandbox/gateways/alipay/a.ts', `import { y } from '../../city.ts';`),
    sample('sandbox/gateways/alipay/a.ts', `import { y } from '../jdpay/gateway.ts';`),
    sample(
      'sandbox/gateways/alipay/a.ts',
      `import { y } from '../../../src/wallets/alipay/answer.ts';`,
    ),
    sample('sandbox/city.ts', `import { y } from '../src/wallets/alipay/adapter.ts';`),
    sample('sandbox/city.ts', `import { y } from '../src/core/payment/model.ts';`),
    sample('sandbox/city.ts', `export { y } from '../src/database/db.ts';`),
    sample('sdk/src/a.ts', `import { y } from '../../src/kernel/money.ts';`),
    sample('examples/bazaar/a.ts', `import '../../src/compose.ts';`),
    sample('src/newcomer/a.ts', `export const x = 1;`),
  ],
  good: [
    sample('src/core/a.ts', `import { createHash } from 'node:crypto';`),
    sample('src/core/refund/shape.ts', `import { Type } from 'typebox';`),
    sample(
      'src/core/a.ts',
      `// see '../runtime/clock.ts'\nimport { ok } from '../kernel/result.ts';`,
    ),
    sample('src/wallets/alipay/adapter.ts', `import { y } from '../../wires/alipay/rsa.ts';`),
    sample('src/wires/alipay/a.ts', `import { y } from '../nfc/ber-tlv.ts';`),
    sample('src/wires/alipay/a.ts', `import { y } from '../keys/rsa-text.ts';`),
    sample('src/wires/qr/a.ts', `import { y } from '../codec-error.ts';`),
    sample('sandbox/gateways/alipay/a.ts', `import { y } from '../../../src/wires/alipay/rsa.ts';`),
    sample('sandbox/gateways/alipay/a.ts', `import { y } from '../../kit/kit.ts';`),
    sample('sandbox/city.ts', `import { y } from './gateways/alipay/gateway.ts';`),
    sample('src/compose.ts', `import { y } from './wallets/alipay/adapter.ts';`),
    sample('src/engine/a.ts', `import fastify from 'fastify';`),
    sample('examples/bazaar/a.ts', `import { Hutong } from '../../sdk/src/index.ts';`),
  ],
};
