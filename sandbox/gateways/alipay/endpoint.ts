/**
 * The host names that Alipay's signed calls may arrive under, and the refusal of any other: an
 * unsigned `error_response`, or v3's plain error. The cashier and the consent page are not
 * restricted to them.
 */
import type { GatewayEndpoint } from '../../kit/kit.ts';

export const GATEWAY_PATH = '/gateway.do';
export const V3_PREFIX = '/v3/alipay/';

export const ENDPOINT: GatewayEndpoint = {
  hostNames: ['openapi.alipay.com', 'openapi-sandbox.dl.alipaydev.com'],
  isSigned: (path) => path === GATEWAY_PATH || path.startsWith(V3_PREFIX),
  refuseHost: (path, why) => {
    const headers = { 'content-type': 'application/json; charset=utf-8' };
    if (path.startsWith(V3_PREFIX)) {
      return { status: 403, headers, body: JSON.stringify({ code: 'foreign-host', message: why }) };
    }
    const error = { code: '40006', msg: 'Insufficient Permissions', sub_code: 'isv.foreign-host' };
    const body = JSON.stringify({ error_response: { ...error, sub_msg: why } });
    return { status: 403, headers, body };
  },
};
