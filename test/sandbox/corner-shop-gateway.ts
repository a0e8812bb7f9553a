/**
 * The smallest gateway: a third implementation of the port, so that the city, its control and its
 * phone are tested without either wallet's wire. Codes are `shop:<order>`; orders expire.
 */

import type {
  AccountRequest,
  CityKit,
  ControlOrder,
  Gateway,
  GatewayMaker,
} from '../../sandbox/kit/kit.ts';
import { plainPolicy } from './support.ts';

interface Row extends ControlOrder {
  readonly notifyUrl: string;
  readonly expiresAtMs: number;
}

export const cornerShop: GatewayMaker = {
  wallet: 'wechatpay',
  open: async (kit) => openCornerShop(kit),
  makeAccount: async (kit, request) => makeAccount(kit, request),
};

function makeAccount(kit: CityKit, request: AccountRequest) {
  const mchid = kit.random.bytes(5).toString('hex');
  return {
    credentials: { mchid, endpoints: { api: kit.publicUrl, oauth: `${kit.publicUrl}/oauth` } },
    sdkCredentials: { mchid },
    subMerchants: request.subMerchantNames.map((name, index) => ({
      name,
      walletMerchant: `${mchid}${index}`,
    })),
  };
}

function openCornerShop(kit: CityKit): Gateway {
  const rows = kit.journal.collection<Row>('corner_shop');
  kit.callbackQueue.register('wechatpay', plainPolicy);
  const nextExpiry = () => {
    const times = [...rows.values()].flatMap((row) =>
      row.state === 'created' ? [row.expiresAtMs] : [],
    );
    return times.length === 0 ? null : Math.min(...times);
  };
  return {
    wallet: 'wechatpay',
    owns: (request) => request.path.startsWith('/v3/'),
    handle: async (request) => {
      const point = { wallet: 'wechatpay', operation: 'create' } as const;
      if (request.path === '/v3/raw') {
        return { status: 200, headers: {}, body: `${request.target}|${request.body.toString()}` };
      }
      const order = JSON.parse(request.body.toString()) as {
        no: string;
        amount: number;
        notify: string;
        seconds: number;
      };
      rows.put(order.no, {
        ...{ wallet: 'wechatpay', orderNo: order.no, combineOrderNo: null, transactionId: null },
        ...{ merchant: '1900000109', amountFen: BigInt(order.amount), payerAmountFen: null },
        ...{ refundedFen: 0n, state: 'created', payerWallet: null, paidAtMs: null },
        notifyUrl: order.notify,
        expiresAtMs: kit.clock.nowMs() + order.seconds * 1_000,
      });
      if (kit.faults.take(point, ['answer_lost']) !== undefined) return { lost: true };
      return { status: 200, headers: { 'content-type': 'text/plain' }, body: `shop:${order.no}` };
    },
    scan: async (code) => {
      const text = typeof code === 'string' ? code : String(code.package ?? '');
      const row = text.startsWith('shop:') ? rows.get(text.slice(5)) : undefined;
      if (row === undefined) return undefined;
      const state = row.state === 'created' ? 'payable' : row.state === 'paid' ? 'paid' : 'closed';
      const { orderNo: ref, amountFen } = row;
      return { wallet: 'wechatpay', ref, payee: '湖畔茶叶铺', amountFen, currency: 'CNY', state };
    },
    pay: async ({ ref, outcome, payerWallet, coupon }) => {
      const row = rows.get(ref);
      if (row === undefined || row.state !== 'created') return { status: 'not_payable' };
      if (outcome !== 'success') return { status: outcome };
      const payerAmountFen = row.amountFen - coupon.platformFen - coupon.merchantFen;
      const paidAtMs = kit.clock.nowMs();
      rows.put(ref, { ...row, state: 'paid', payerWallet, payerAmountFen, paidAtMs });
      kit.callbackQueue.send({
        ...{ wallet: 'wechatpay', kind: 'payment', orderNo: ref, merchant: row.merchant },
        ...{ url: row.notifyUrl, message: `paid ${ref}` },
      });
      return { status: 'paid', returnUrl: 'http://127.0.0.1:4000/back' };
    },
    showCode: () => `13${kit.random.bytes(7).readUIntBE(0, 6).toString().padStart(16, '0')}`,
    tap: async ({ amountFen }) => ({
      field55: `9F0206${amountFen.toString().padStart(12, '0')}`,
      transcript: ['SELECT 2PAY.SYS.DDF01', '9000'],
    }),
    orders: () => [...rows.values()],
    nextDueMs: nextExpiry,
    runDue: async (nowMs) => {
      for (const row of [...rows.values()]) {
        if (row.state === 'created' && row.expiresAtMs <= nowMs) {
          rows.put(row.orderNo, { ...row, state: 'closed' });
        }
      }
    },
  };
}
