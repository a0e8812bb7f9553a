/**
 * The host names that WeChat Pay's signed calls may arrive under, and the refusal of any other:
 * APIv2 in XML, everything else as a v3 error. The H5 and the consent page are not restricted to
 * them.
 */

import { writeXml } from '../../../src/wires/wechatpay/message-v2.ts';
import type { GatewayEndpoint } from '../../kit/kit.ts';
import { isV2Path } from './endpoint-v2.ts';
import { TOKEN_PATH } from './oauth.ts';

export const ENDPOINT: GatewayEndpoint = {
  hostNames: ['api.mch.weixin.qq.com', 'api2.mch.weixin.qq.com', 'api.weixin.qq.com'],
  isSigned: (path) => path.startsWith('/v3/') || isV2Path(path) || path === TOKEN_PATH,
  refuseHost: (path, why) => {
    if (isV2Path(path)) {
      const fields = Object.entries({ return_code: 'FAIL', return_msg: why });
      const headers = { 'content-type': 'text/xml; charset=utf-8' };
      return { status: 403, headers, body: writeXml(new Map(fields)) };
    }
    const headers = { 'content-type': 'application/json; charset=utf-8' };
    return { status: 403, headers, body: JSON.stringify({ code: 'FOREIGN_HOST', message: why }) };
  },
};
