/**
 * The EMV and UnionPay data objects that a QuickPass tap uses: names, format and length. The format
 * decides how a DOL pads and cuts a value (EMV Book 3, 5.4): `n` is BCD filled on the left, `cn` is
 * digits filled with F on the right, all others are bytes filled with 00 on the right.
 */
export interface TagSpec {
  readonly name: string;
  readonly nameZh: string;
  readonly format: 'n' | 'cn' | 'b' | 'ans';
  readonly bytesMin: number;
  readonly bytesMax: number;
}

function spec(
  name: string,
  nameZh: string,
  format: TagSpec['format'],
  bytesMin: number,
  bytesMax = bytesMin,
): TagSpec {
  return Object.freeze({ name, nameZh, format, bytesMin, bytesMax });
}

export const TAGS: Readonly<Record<string, TagSpec>> = Object.freeze({
  '4F': spec('application id', '应用标识', 'b', 5, 16),
  '50': spec('application label', '应用标签', 'ans', 1, 16),
  '57': spec('track 2 equivalent (token)', '二磁道等效数据（设备卡号）', 'b', 6, 19),
  '5A': spec('card number (token)', '设备卡号', 'cn', 4, 10),
  '5F24': spec('expiry', '失效日期', 'n', 3),
  '5F25': spec('effective date', '生效日期', 'n', 3),
  '5F28': spec('issuer country', '发卡国家', 'n', 2),
  '5F2A': spec('currency', '交易货币', 'n', 2),
  '5F2D': spec('languages', '首选语言', 'ans', 2, 8),
  '5F34': spec('card sequence number', '卡序列号', 'n', 1),
  '61': spec('application entry', '应用目录项', 'b', 0, 252),
  '6F': spec('file control information', '文件控制信息', 'b', 0, 252),
  '70': spec('record', '记录模板', 'b', 0, 252),
  '77': spec('answer', '响应模板', 'b', 0, 252),
  '80': spec('answer, format 1', '响应模板（格式 1）', 'b', 0, 252),
  '82': spec('application interchange profile', '应用交互特征', 'b', 2),
  '83': spec('command data', '命令模板', 'b', 0, 252),
  '84': spec('dedicated file name', '专用文件名', 'b', 5, 16),
  '87': spec('priority', '应用优先级', 'b', 1),
  '94': spec('application file locator', '应用文件定位器', 'b', 0, 252),
  '95': spec('terminal verification results', '终端验证结果', 'b', 5),
  '9A': spec('date', '交易日期', 'n', 3),
  '9C': spec('transaction type', '交易类型', 'n', 1),
  '9F02': spec('amount', '授权金额', 'n', 6),
  '9F03': spec('other amount', '其他金额', 'n', 6),
  '9F07': spec('application usage control', '应用用途控制', 'b', 2),
  '9F08': spec('application version (card)', '应用版本（卡）', 'b', 2),
  '9F09': spec('application version (terminal)', '应用版本（终端）', 'b', 2),
  '9F10': spec('issuer application data', '发卡行应用数据', 'b', 7, 32),
  '9F1A': spec('terminal country', '终端国家代码', 'n', 2),
  '9F1E': spec('terminal serial number', '终端序列号', 'ans', 8),
  '9F26': spec('application cryptogram', '应用密文', 'b', 8),
  '9F27': spec('cryptogram information', '密文信息数据', 'b', 1),
  '9F33': spec('terminal capabilities', '终端性能', 'b', 3),
  '9F34': spec('cardholder verification results', '持卡人验证结果', 'b', 3),
  '9F35': spec('terminal type', '终端类型', 'n', 1),
  '9F36': spec('application transaction counter', '应用交易计数器', 'b', 2),
  '9F37': spec('unpredictable number', '不可预知数', 'b', 4),
  '9F38': spec('what the card asks for (PDOL)', '处理选项数据对象列表', 'b', 0, 252),
  '9F41': spec('sequence counter', '交易序列计数器', 'n', 2, 4),
  '9F4D': spec('log entry', '交易日志入口', 'b', 2),
  '9F5D': spec('offline balance', '可用脱机余额', 'n', 6),
  '9F63': spec('product identification', '卡产品标识信息', 'b', 1, 16),
  '9F66': spec('terminal transaction qualifiers', '终端交易属性', 'b', 4),
  '9F6C': spec('card transaction qualifiers', '卡片交易属性', 'b', 2),
  A5: spec('proprietary information', '专有数据', 'b', 0, 252),
  BF0C: spec('issuer discretionary data', '发卡行自定义数据', 'b', 0, 222),
  DF60: spec('special transaction indicator', '特殊交易标识', 'b', 1),
});
