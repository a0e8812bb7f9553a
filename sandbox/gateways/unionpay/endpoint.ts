/**
 * The host names that UnionPay's signed calls may arrive under, and the refusal of any other: an
 * unsigned reply. The cashier is not restricted to them.
 */
import type { GatewayEndpoint } from '../../kit/kit.ts';

export const API_PREFIX = '/gateway/api/';

export const ENDPOINT: GatewayEndpoint = {
  hostNames: ['gateway.95516.com', 'gateway.test.95516.com'],
  isSigned: (path) => path.startsWith(API_PREFIX),
  refuseHost: (_path, why) => ({
    status: 403,
    headers: { 'content-type': 'text/html;charset=UTF-8' },
    body: `respCode=10&respMsg=${why}`,
  }),
};
