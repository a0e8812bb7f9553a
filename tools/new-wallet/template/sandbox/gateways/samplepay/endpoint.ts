/**
 * The host names that the wallet's signed calls may arrive under, and the refusal of any other: it
 * is unsigned. The cashier is not restricted to them.
 */
import { API_PREFIX } from '../../../src/wires/samplepay/trade.ts';
import type { GatewayEndpoint } from '../../kit/kit.ts';

export const ENDPOINT: GatewayEndpoint = {
  hostNames: ['gateway.samplepay.example'],
  isSigned: (path) => path.startsWith(API_PREFIX),
  refuseHost: (_path, why) => ({
    status: 403,
    headers: { 'content-type': 'application/json; charset=utf-8' },
    body: JSON.stringify({ code: 'HOST_REFUSED', message: why }),
  }),
};
