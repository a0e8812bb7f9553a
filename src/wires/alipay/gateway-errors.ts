/**
 * Gateway-level refusals (protocol sections 1 and 3) with the texts that Alipay answers, and the
 * HTTP status that protocol v3 gives them. Business codes (ACQ.*) belong to the methods.
 */
export interface GatewayError {
  readonly code: string;
  readonly msg: string;
  readonly subCode: string;
  readonly subMsg: string;
  readonly httpStatus: number;
}

const MSG: Readonly<Record<string, string>> = {
  '20000': 'Service Currently Unavailable',
  '40001': 'Missing Required Arguments',
  '40002': 'Invalid Arguments',
  '40003': 'Insufficient Conditions',
  '40005': 'Call Limited',
  '40006': 'Insufficient Permissions',
};

const STATUS: Readonly<Record<string, number>> = {
  '20000': 500,
  '40001': 400,
  '40002': 400,
  '40003': 400,
  '40005': 429,
  '40006': 403,
};

function entry(code: string, subCode: string, subMsg: string): GatewayError {
  return { code, msg: MSG[code] ?? '', subCode, subMsg, httpStatus: STATUS[code] ?? 400 };
}

export const GATEWAY_ERRORS = {
  unknown: entry('20000', 'isp.unknow-error', '服务暂不可用（业务系统不可用）'),
  missingMethod: entry('40001', 'isv.missing-method', '缺少方法名参数'),
  missingAppId: entry('40001', 'isv.missing-app-id', '缺少AppID参数'),
  missingSignature: entry('40001', 'isv.missing-signature', '缺少签名参数'),
  missingSignatureType: entry('40001', 'isv.missing-signature-type', '缺少签名类型参数'),
  missingTimestamp: entry('40001', 'isv.missing-timestamp', '缺少时间戳参数'),
  missingVersion: entry('40001', 'isv.missing-version', '缺少版本参数'),
  invalidParameter: entry('40002', 'isv.invalid-parameter', '参数无效'),
  invalidMethod: entry('40002', 'isv.invalid-method', '不存在的方法名'),
  invalidAppId: entry('40002', 'isv.invalid-app-id', '无效的AppID参数'),
  invalidFormat: entry('40002', 'isv.invalid-format', '无效的数据格式'),
  invalidSignatureType: entry('40002', 'isv.invalid-signature-type', '无效的签名类型'),
  invalidSignature: entry('40002', 'isv.invalid-signature', '无效签名'),
  invalidTimestamp: entry('40002', 'isv.invalid-timestamp', '非法的时间戳参数'),
  invalidCharset: entry('40002', 'isv.invalid-charset', '字符集错误'),
  illegalJson: entry('40002', 'isv.illegal-json', '非法的JSON格式'),
  forbiddenApi: entry('40002', 'isv.forbidden-api', '禁止访问的接口'),
  suspectedAttack: entry('40002', 'isv.suspected-attack', '可疑的攻击请求'),
  invalidEncryptKey: entry(
    '40002',
    'isv.decryption-error-not-valid-encrypt-key',
    '解密出错，不合法的加密密钥',
  ),
  codeInvalid: entry('40002', 'isv.code-invalid', '授权码code无效'),
  missingSignatureConfig: entry(
    '40003',
    'isv.missing-signature-config',
    '验签出错，未配置对应签名算法的公钥或者证书',
  ),
  appCallLimited: entry('40005', 'isv.app-call-limited', '应用调用次数超限，包含调用频率超限'),
  insufficientIsvPermissions: entry(
    '40006',
    'isv.insufficient-isv-permissions',
    'ISV权限不足，建议在开发者中心检查对应功能是否已经添加',
  ),
} as const satisfies Record<string, GatewayError>;

/** The gateway echoes the text that it verified, with `&` as `&amp;`. */
export function invalidSignature(signText: string): GatewayError {
  const escaped = signText.replaceAll('&', '&amp;');
  return {
    ...GATEWAY_ERRORS.invalidSignature,
    subMsg: `验签出错，建议检查签名字符串或签名私钥与应用公钥是否匹配，网关生成的验签字符串为：${escaped}`,
  };
}
