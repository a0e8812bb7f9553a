/** Faults of the city as an outside client meets them. */
import {
  openCertificate,
  openEnvelope,
  refusalOf,
  signRequest,
} from '../second-verifier-wechatpay.ts';
import { type Case, must, nextNo, refused, same } from './cases.ts';
import { judge } from './cases-errors.ts';
import { directOrder, partnerOrder } from './cases-sdk.ts';
import { axiosClient, codeOf } from './clients.ts';
import type { Stage } from './stage.ts';

const NATIVE = '/v3/pay/transactions/native';
const CLIENT = 'second verifier';

const create = (stage: Stage, no: string) =>
  signRequest({ method: 'POST', target: NATIVE, body: directOrder(stage, no) }, stage.sdk);

const query = (stage: Stage, no: string) => {
  const target = `/v3/pay/transactions/out-trade-no/${no}?mchid=${stage.sdk.mchid}`;
  return stage.send(signRequest({ method: 'GET', target }, stage.sdk));
};

async function isLost(sent: Promise<unknown>): Promise<boolean> {
  return sent.then(
    () => false,
    () => true,
  );
}

export const FAULT_CASES: readonly Case[] = [
  {
    name: 'answer_lost: the order exists, the same create gives a code',
    client: CLIENT,
    check: async (stage) => {
      const no = nextNo('AL');
      await stage.arm('answer_lost', { order_no: no, operation: 'create' });
      must(await isLost(stage.send(create(stage, no))), 'no answer');
      same((await query(stage, no)).json.trade_state, 'NOTPAY', 'applied');
      same((await stage.send(create(stage, no))).status, 200, 'again');
      return 'applied once';
    },
  },
  {
    name: 'server_error: 500 after acceptance; the same refund again is one refund',
    client: CLIENT,
    check: async (stage) => {
      const no = nextNo('SE');
      const created = await stage.send(create(stage, no));
      await stage.pay(created.json.code_url);
      await stage.arm('server_error', { order_no: no, operation: 'refund' });
      const body = {
        out_trade_no: no,
        out_refund_no: `${no}R`,
        amount: { refund: 1000, total: 1234, currency: 'CNY' },
      };
      const target = '/v3/refund/domestic/refunds';
      const ask = () => stage.send(signRequest({ method: 'POST', target, body }, stage.sdk));
      judge({ status: 500, code: 'SYSTEM_ERROR' }, await ask());
      same((await ask()).status, 200, 'again');
      const orders = await stage.control('GET', '/control/orders?wallet=wechatpay');
      const row = orders.json.data.find((each: { order_no: string }) => each.order_no === no);
      same([row.refunded, row.state], [1000, 'paid'], 'refunded once');
      return 'refunded once';
    },
  },
  {
    name: 'rate_limited and html_502: nothing applied',
    client: CLIENT,
    check: async (stage) => {
      const no = nextNo('RL');
      await stage.arm('rate_limited', { order_no: no });
      judge({ status: 429, code: 'FREQUENCY_LIMITED' }, await stage.send(create(stage, no)));
      await stage.arm('html_502', { order_no: no });
      const broken = await stage.send(create(stage, no));
      same([broken.status, broken.headers['content-type']], [502, 'text/html'], 'proxy');
      judge({ status: 404, code: 'ORDER_NOT_EXIST' }, await query(stage, no));
      return '429, 502 text/html, ORDER_NOT_EXIST';
    },
  },
  {
    name: 'close_lost: not applied, no answer',
    client: CLIENT,
    check: async (stage) => {
      const no = nextNo('CX');
      const created = await stage.send(create(stage, no));
      await stage.arm('close_lost', { order_no: no });
      const target = `/v3/pay/transactions/out-trade-no/${no}/close`;
      const body = { mchid: stage.sdk.mchid };
      const close = stage.send(signRequest({ method: 'POST', target, body }, stage.sdk));
      must(await isLost(close), 'no answer');
      same(await stage.pay(created.json.code_url), 'paid', 'still payable');
      return 'still payable';
    },
  },
  {
    name: 'wrong_amount, wrong_currency, wrong_payee show in callback or query, signed',
    client: CLIENT,
    check: async (stage) => {
      const seen: unknown[] = [];
      for (const fault of ['wrong_amount', 'wrong_currency', 'wrong_payee']) {
        const no = nextNo('WR');
        const target = '/v3/pay/partner/transactions/native';
        const body = partnerOrder(stage, no);
        const created = await stage.send(signRequest({ method: 'POST', target, body }, stage.sdk));
        await stage.arm(fault, { order_no: no, operation: 'callback' });
        await stage.pay(created.json.code_url);
        const received = await stage.callback(`/partner/${no}`);
        same(refusalOf(received, stage.sdk), undefined, 'the signature is fine');
        const plain = openEnvelope(received.body, stage.sdk);
        const amount = plain.amount as { total: number; currency: string };
        seen.push(
          fault === 'wrong_amount'
            ? amount.total
            : fault === 'wrong_currency'
              ? amount.currency
              : plain.sub_mchid !== stage.sdk.sub_mchids[0],
        );
      }
      same(seen, [5001, 'USD', true], 'what the callback says');
      return JSON.stringify(seen);
    },
  },
  {
    name: 'refund_stuck: PROCESSING, then ABNORMAL, then SUCCESS by apply-abnormal-refund',
    client: CLIENT,
    check: async (stage) => {
      const no = nextNo('SK');
      const created = await stage.send(create(stage, no));
      await stage.pay(created.json.code_url);
      await stage.arm('refund_stuck', { order_no: no });
      const target = '/v3/refund/domestic/refunds';
      const body = {
        out_trade_no: no,
        out_refund_no: `${no}R`,
        amount: { refund: 1234, total: 1234, currency: 'CNY' },
      };
      const asked = await stage.send(signRequest({ method: 'POST', target, body }, stage.sdk));
      const state = async () => {
        const path = `${target}/${no}R`;
        const reply = await stage.send(signRequest({ method: 'GET', target: path }, stage.sdk));
        return reply.json.status as string;
      };
      await stage.advance(600);
      same(await state(), 'PROCESSING', 'ten minutes later');
      await stage.advance(1_800);
      same(await state(), 'ABNORMAL', 'later');
      const abnormal = {
        method: 'POST',
        target: `${target}/${asked.json.refund_id}/apply-abnormal-refund`,
        body: { out_refund_no: `${no}R`, type: 'MERCHANT_BANK_CARD' },
      };
      same((await stage.send(signRequest(abnormal, stage.sdk))).status, 200, 'applied');
      await stage.advance(5);
      return state();
    },
  },
  {
    name: 'key_rotated: an old map refuses by serial, the list has both, a new map verifies',
    client: 'wechatpay-axios-plugin certificate',
    check: async (stage) => {
      const no = nextNo('KR');
      const old = axiosClient(stage.url, stage.sdk, 'certificate').v3;
      await stage.arm('key_rotated', { order_no: no, operation: 'create' });
      const verdict = await refused(
        old.pay.transactions.native.post(directOrder(stage, no)),
        codeOf,
      );
      same(verdict, 'EV3_RES_HEADER_PLATFORM_SERIAL', 'the old map');
      const list = await stage.send(
        signRequest({ method: 'GET', target: '/v3/certificates' }, stage.sdk),
      );
      const certs: Record<string, string> = {};
      for (const item of list.json.data) {
        certs[item.serial_no] = openCertificate(item, stage.sdk).toString();
      }
      must(Object.keys(certs).length >= 2, 'two certificates');
      const fresh = axiosClient(stage.url, stage.sdk, 'certificate', certs).v3;
      const again = await fresh.pay.transactions.native.post(directOrder(stage, no));
      must(again.data.code_url !== undefined, 'the new map');
      const named = await old.pay.transactions.native.post(directOrder(stage, nextNo('KN')), {
        headers: { 'Wechatpay-Serial': stage.sdk.platform_serial },
      });
      must(named.data.code_url !== undefined, 'the old certificate still signs when named');
      return `${Object.keys(certs).length} certificates`;
    },
  },
];
