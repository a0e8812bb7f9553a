import { describe, expect, it } from 'vitest';
import { createLog } from './log.ts';
import { createMetrics } from './metrics.ts';

describe('log', () => {
  it('never writes what works as money, at any depth', () => {
    const lines: string[] = [];
    const log = createLog({ destination: { write: (line) => lines.push(line) } });
    const secret = 'S3CRET';
    log.info({
      client_secret: secret,
      payer: { openid: secret },
      request: {
        headers: { authorization: secret, 'hutong-client-secret': secret },
        body: { payer: { auth_code: secret, field55: secret } },
      },
      wallet: { credentials: { private_key: secret }, buyer_id: secret },
      'hutong-client-secret': secret,
      deep: { a: { b: { c: { d: { token: secret } } } } },
      list: [{ openid: secret }],
      err: Object.assign(new Error('lost'), { config: { headers: { authorization: secret } } }),
      other: Object.assign(new Error('lost'), { request: { password: secret } }),
      bytes: Buffer.from(secret),
      amountFen: 5n,
      attempt: 'pa_1',
    });
    expect(lines.join('')).toContain('pa_1');
    log.child({ pay_token: secret }).info('a child');
    expect(lines.join('')).not.toContain(secret);
    expect(lines.join('')).toContain('"amountFen":"5"');
    expect(JSON.parse(lines[0] ?? '{}').err.stack).toContain('lost');
  });
});

describe('metrics', () => {
  it('renders what was recorded', async () => {
    const metrics = createMetrics();
    metrics.httpRequest({ route: '/v1/x', method: 'GET', status: 200, ms: 3 });
    metrics.walletCall({ wallet: 'alipay', operation: 'query', outcome: 'answered', ms: 20 });
    metrics.batch({ commands: 40, ms: 9 });
    metrics.laneQueue('0', 12);
    metrics.delivery('delivered');
    metrics.notification('alipay', 'accepted');
    metrics.unknownAttempts(2);
    const text = await metrics.render();
    expect(text).toContain(
      'hutong_http_request_seconds_count{route="/v1/x",method="GET",status="200"} 1',
    );
    expect(text).toContain('hutong_lane_queue_commands{lane="0"} 12');
    expect(text).toContain('hutong_unknown_attempts 2');
  });
});
