/**
 * Under which names the wallet's signed calls may arrive, and what a client is told under another:
 * an unsigned refusal. The cashier is not among them.
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
