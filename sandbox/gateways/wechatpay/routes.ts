/** Every path of the API with its method, its operation name for faults, and its handler. */

import { PATHS, TRADE_TYPES, type TradeProduct } from '../../../src/wires/wechatpay/trade.ts';
import type { Operation } from '../../kit/kit.ts';
import type { Handler } from './context.ts';
import { closeCombine, closeSingle, createOrder, queryCombine, querySingle } from './orders.ts';
import { payByCode, reverseByCode } from './payment-codes-v3.ts';
import type { Family } from './records.ts';
import { applyAbnormalRefund, applyRefund, queryRefund, type RefundFamily } from './refunds.ts';
import { echo, listCertificates } from './security.ts';

export interface Route {
  readonly method: 'GET' | 'POST';
  /** Its groups are the variable parts. */
  readonly pattern: RegExp;
  readonly operation: Operation;
  readonly handler: Handler;
}

export const ROUTES: readonly Route[] = [
  ...singleRoutes('direct', PATHS.direct),
  ...singleRoutes('partner', PATHS.partner),
  ...combineRoutes(),
  ...refundRoutes('domestic', {
    apply: PATHS.domesticRefunds,
    byNumber: `${PATHS.domesticRefunds}/([^/]+)`,
    byId: null,
    abnormal: `${PATHS.domesticRefunds}/([^/]+)/apply-abnormal-refund`,
  }),
  ...refundRoutes('ecommerce', {
    apply: `${PATHS.ecommerceRefunds}/apply`,
    byNumber: `${PATHS.ecommerceRefunds}/out-refund-no/([^/]+)`,
    byId: `${PATHS.ecommerceRefunds}/id/([^/]+)`,
    abnormal: `${PATHS.ecommerceRefunds}/([^/]+)/apply-abnormal-refund`,
  }),
  route('GET', PATHS.certificates, 'certificates', listCertificates),
  route('POST', PATHS.echo, 'other', echo),
];

function route(
  method: Route['method'],
  path: string,
  operation: Operation,
  handler: Handler,
): Route {
  return { method, pattern: new RegExp(`^${path}$`), operation, handler };
}

function createRoutes(family: Family, path: string): Route[] {
  const products = Object.keys(TRADE_TYPES) as TradeProduct[];
  return products.map((product) =>
    route('POST', `${path}/${product}`, 'create', (call) => createOrder(call, family, product)),
  );
}

function singleRoutes(family: 'direct' | 'partner', path: string): Route[] {
  const number = `${path}/out-trade-no/([^/]+)`;
  return [
    ...createRoutes(family, path),
    route('GET', `${path}/id/([^/]+)`, 'query', (call) => querySingle(call, family, 'id')),
    route('GET', number, 'query', (call) => querySingle(call, family, 'number')),
    route('POST', `${number}/close`, 'close', (call) => closeSingle(call, family)),
    route('POST', `${path}/codepay`, 'create', (call) => payByCode(call, family)),
    route('POST', `${number}/reverse`, 'close', (call) => reverseByCode(call, family)),
  ];
}

function combineRoutes(): Route[] {
  const path = PATHS.combine;
  const number = `${path}/out-trade-no/([^/]+)`;
  return [
    ...createRoutes('combine', path),
    route('GET', `${path}/id/([^/]+)`, 'query', (call) => queryCombine(call, 'id')),
    route('GET', number, 'query', (call) => queryCombine(call, 'number')),
    route('POST', `${number}/close`, 'close', closeCombine),
  ];
}

function refundRoutes(
  family: RefundFamily,
  paths: {
    readonly apply: string;
    readonly byNumber: string;
    readonly byId: string | null;
    readonly abnormal: string;
  },
): Route[] {
  const routes = [
    route('POST', paths.apply, 'refund', (call) => applyRefund(call, family)),
    route('GET', paths.byNumber, 'query_refund', (call) => queryRefund(call, family, 'number')),
    route('POST', paths.abnormal, 'refund', (call) => applyAbnormalRefund(call, family)),
  ];
  if (paths.byId === null) return routes;
  const byId: Handler = (call) => queryRefund(call, family, 'id');
  return [...routes, route('GET', paths.byId, 'query_refund', byId)];
}
