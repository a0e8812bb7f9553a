/**
 * The texts that Alipay's v2 signatures cover, built from decoded values and nothing else.
 *
 * Requests keep `sign_type` and drop empty values; notifications drop `sign_type` and keep every
 * value that was sent. Never re-serialize a value here: biz_content is used as it was received.
 */
import type { Parameters } from './parameters.ts';

function joinSorted(parameters: Parameters, keep: (name: string, value: string) => boolean) {
  return [...parameters]
    .filter(([name, value]) => keep(name, value))
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

/** A v2 request: all but `sign` and empty values. */
export function requestSignText(parameters: Parameters): string {
  return joinSorted(parameters, (name, value) => name !== 'sign' && value !== '');
}

/** Trade notifications and signed return URLs: all but `sign` and `sign_type`. */
export function notifySignText(parameters: Parameters): string {
  return joinSorted(parameters, (name) => name !== 'sign' && name !== 'sign_type');
}

/** Service messages (e.g. alipay.open.servicemarket.*) are signed with `sign_type` inside. */
export function serviceMessageSignText(parameters: Parameters): string {
  return joinSorted(parameters, (name) => name !== 'sign');
}
