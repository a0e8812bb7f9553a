/**
 * The host names that JD's signed calls may arrive under, and the refusal of any other: a result
 * without an inner message, or the page for a refused form. The cashier is not restricted to them.
 */

import { writeOuter } from '../../../src/wires/jdpay/message.ts';
import { PATHS } from '../../../src/wires/jdpay/trade.ts';
import type { GatewayEndpoint } from '../../kit/kit.ts';
import { errorPage } from './cashier-page.ts';
import { RESULT_CODES } from './refusal.ts';

export const SERVICE_PREFIX = '/service/';
export const FORM_PATHS: ReadonlySet<string> = new Set([PATHS.saveOrder, PATHS.customerPay]);

export const ENDPOINT: GatewayEndpoint = {
  hostNames: ['paygate.jd.com', 'wepay.jd.com', 'h5pay.jd.com'],
  isSigned: (path) => path.startsWith(SERVICE_PREFIX) || FORM_PATHS.has(path),
  refuseHost: (path, desc) => {
    const result = { code: RESULT_CODES.foreignHost, desc };
    if (FORM_PATHS.has(path)) return { ...errorPage(result), status: 403 };
    const headers = { 'content-type': 'application/xml;charset=UTF-8' };
    return { status: 403, headers, body: writeOuter({ merchant: '', result }) };
  },
};
