/**
 * Callbacks that no wallet sent: noise, half of the right shape, everything but the signature.
 * Whatever comes, the parser returns a refusal (it never throws and never accepts), the answer
 * makes the wallet deliver again or stop, and nothing is booked.
 */
import fc from 'fast-check';
import { walletSecretPlace } from '../../src/flows/key/envelope.ts';
import { wallClock } from '../../src/runtime/clock.ts';
import { createHttpClient } from '../../src/runtime/http-client.ts';
import { systemRandom } from '../../src/runtime/random.ts';
import { readConfigs } from '../../src/store/wallet/configs.ts';
import { WALLETS } from '../../src/wallets/registry.ts';
import type { RawRequest, Wallet } from '../../src/wallets/wallet.ts';
import { type GroupResult, guarded } from './attack.ts';
import type { Stage } from './stage.ts';

const now = () => String(Math.floor(Date.now() / 1000));
const base64 = fc
  .uint8Array({ maxLength: 300 })
  .map((bytes) => Buffer.from(bytes).toString('base64'));
const word = fc.oneof(
  fc.string({ maxLength: 40 }),
  base64,
  fc.constantFrom(
    '',
    '0',
    'null',
    '%00',
    '{}',
    'RSA2',
    'TRADE_SUCCESS',
    'UTF-8',
    '99999999999999999999',
  ),
);

const headers: fc.Arbitrary<Record<string, string>> = fc
  .record(
    {
      'wechatpay-timestamp': fc.oneof(fc.constant('now'), word),
      'wechatpay-nonce': word,
      'wechatpay-serial': fc.oneof(
        fc.string({ unit: fc.constantFrom(...'0123456789ABCDEF'), maxLength: 40 }),
        fc.constant('PUB_KEY_ID_0'),
        word,
      ),
      'wechatpay-signature': fc.oneof(base64, fc.constant('WECHATPAY/SIGNTEST/x'), word),
      'wechatpay-signature-type': fc.constantFrom('WECHATPAY2-SHA256-RSA2048', 'x', ''),
      'content-type': fc.constantFrom(
        'application/json',
        'application/x-www-form-urlencoded; charset=GBK',
        'text/xml',
        '',
      ),
    },
    { requiredKeys: [] },
  )
  .map((record) => {
    const found = record['wechatpay-timestamp'];
    return found === 'now' ? { ...record, 'wechatpay-timestamp': now() } : { ...record };
  });

const jsonBody = fc
  .oneof(
    fc.json({ maxDepth: 4 }),
    fc
      .record(
        {
          id: word,
          event_type: fc.constantFrom('TRANSACTION.SUCCESS', 'REFUND.SUCCESS', 'x'),
          resource_type: fc.constant('encrypt-resource'),
          resource: fc.record(
            {
              algorithm: fc.constantFrom('AEAD_AES_256_GCM', 'none'),
              original_type: fc.constantFrom('transaction', 'refund', '__proto__'),
              ciphertext: fc.oneof(base64, word),
              nonce: word,
              associated_data: word,
            },
            { requiredKeys: [] },
          ),
        },
        { requiredKeys: [] },
      )
      .map((value) => JSON.stringify(value)),
  )
  .map((text) => Buffer.from(text));

const formBody = fc
  .array(
    fc.tuple(
      fc.constantFrom(
        'notify_id',
        'sign',
        'sign_type',
        'charset',
        'app_id',
        'seller_id',
        'out_trade_no',
        'trade_no',
        'trade_status',
        'total_amount',
        'refund_fee',
        'gmt_payment',
        'notify_time',
        'alipay_cert_sn',
        '__proto__',
      ),
      word,
    ),
    { maxLength: 20 },
  )
  .map((pairs) =>
    Buffer.from(pairs.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&')),
  );

const bytes = fc.uint8Array({ maxLength: 2_000 }).map((noise) => Buffer.from(noise));

const callbacks: fc.Arbitrary<RawRequest> = fc.record({
  method: fc.constantFrom('POST', 'GET'),
  target: fc.string({ maxLength: 80 }).map((rest) => `/notify/${rest}`),
  headers,
  body: fc.oneof(bytes, jsonBody, formBody),
});

/** Each wallet's parser alone, with the real keys of a configuration. */
export async function fuzzParsers(stage: Stage, runs: number): Promise<readonly GroupResult[]> {
  const { db, envelope } = stage.composed.platform;
  const http = createHttpClient();
  const seams = { http, clock: wallClock, wall: wallClock, random: systemRandom };
  const results: GroupResult[] = [];
  const rows = await readConfigs(db);
  for (const [name, module] of WALLETS) {
    const row = rows.find(({ wallet }) => wallet === name);
    if (row === undefined) {
      results.push({ group: `parse_${name}`, passed: 0, misses: ['no configuration to open'] });
      continue;
    }
    const place = walletSecretPlace(row, name);
    const secret = await envelope.open(row.sealed, place);
    const opened = module.open(JSON.parse(secret.ok ? secret.value : 'null'), seams);
    if (!opened.ok) throw new Error(`${name} does not open: ${opened.error.field}`);
    results.push(
      await guarded(stage, `parse_${name}`, (result) => fuzz(opened.value, runs, result)),
    );
  }
  http.close();
  return results;
}

async function fuzz(wallet: Wallet, runs: number, result: GroupResult): Promise<void> {
  const checked = await fc.check(
    fc.asyncProperty(callbacks, async (request) => {
      const parsed = await wallet.parseNotification(request);
      if (parsed.ok) throw new Error('an unsigned callback was believed');
      const answer = wallet.refuse(parsed.error);
      const taken = wallet.acknowledge();
      if (answer.body === taken.body && answer.status === taken.status) {
        throw new Error('a refusal reads like an acknowledgement');
      }
    }),
    { numRuns: runs },
  );
  if (checked.failed) {
    result.misses.push(
      `seed ${checked.seed}: ${String(checked.errorInstance ?? '')}`.slice(0, 300),
    );
  } else result.passed += runs;
}

/** The whole way in, for every configuration of both tenants. */
export function fuzzRoute(stage: Stage, runs: number): Promise<GroupResult> {
  return guarded(stage, 'notify_route', async (result) => {
    for (const { id, wallet } of stage.configs) {
      const taken = WALLETS.get(wallet);
      if (taken === undefined) continue;
      const checked = await fc.check(
        fc.asyncProperty(
          callbacks,
          fc.constantFrom('payment', 'refund', 'x'),
          async (call, kind) => {
            const answer = await stage.composed.server.inject({
              method: 'POST',
              url: `/notify/${wallet}/${id}/${kind}`,
              headers: call.headers,
              payload: call.body,
            });
            if (answer.statusCode >= 500) throw new Error(`${answer.statusCode} ${answer.body}`);
            if (answer.body === 'success' || /"code":"SUCCESS"/.test(answer.body)) {
              throw new Error(`acknowledged: ${answer.body}`);
            }
          },
        ),
        { numRuns: runs },
      );
      if (checked.failed) {
        result.misses.push(
          `${wallet} seed ${checked.seed}: ${String(checked.errorInstance ?? '')}`,
        );
      } else result.passed += runs;
    }
  });
}
