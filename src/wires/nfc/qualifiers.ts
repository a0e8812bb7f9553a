/**
 * What terminal and card state about a tap: the terminal's qualifiers (TTQ, 9F66) are its abilities
 * and requirements for this amount, the card's (CTQ, 9F6C) its requests in return. Bits are named
 * in both languages, for transcripts.
 */
export interface QualifierBit {
  readonly byte: number;
  readonly mask: number;
  readonly en: string;
  readonly zh: string;
}

function bit(byte: number, mask: number, en: string, zh: string): QualifierBit {
  return Object.freeze({ byte, mask, en, zh });
}

export const TTQ = Object.freeze({
  magneticStripe: bit(0, 0x80, 'mag-stripe mode', '支持磁条模式'),
  fullPboc: bit(0, 0x40, 'full contactless PBOC', '支持非接触借贷记'),
  quickPboc: bit(0, 0x20, 'qPBOC', '支持 qPBOC'),
  contact: bit(0, 0x10, 'contact PBOC', '支持接触式借贷记'),
  offlineOnly: bit(0, 0x08, 'offline only', '仅支持脱机'),
  onlinePin: bit(0, 0x04, 'online PIN', '支持联机 PIN'),
  signature: bit(0, 0x02, 'signature', '支持签名'),
  onlineOda: bit(0, 0x01, 'data authentication for online', '联机交易支持脱机数据认证'),
  wantsOnline: bit(1, 0x80, 'wants an online cryptogram', '要求联机密文'),
  wantsCvm: bit(1, 0x40, 'wants the buyer verified', '要求持卡人验证'),
  issuerScripts: bit(2, 0x80, 'issuer scripts', '支持发卡行脚本'),
  deviceCvm: bit(2, 0x40, 'verification on the device (CDCVM)', '支持设备端持卡人验证'),
  fdda: bit(3, 0x80, 'fDDA version 01', '支持 fDDA 01 版'),
});

export const CTQ = Object.freeze({
  onlinePin: bit(0, 0x80, 'asks for online PIN', '要求联机 PIN'),
  signature: bit(0, 0x40, 'asks for a signature', '要求签名'),
  onlineIfOdaFails: bit(0, 0x20, 'online if data authentication fails', '脱机认证失败则联机'),
  switchIfOdaFails: bit(
    0,
    0x10,
    'other interface if data authentication fails',
    '脱机认证失败则换界面',
  ),
  onlineIfExpired: bit(0, 0x08, 'online if expired', '应用过期则联机'),
  deviceCvmDone: bit(1, 0x80, 'buyer verified on the device', '已完成设备端持卡人验证'),
  issuerScripts: bit(1, 0x40, 'issuer scripts', '支持发卡行脚本'),
});

export function has(bytes: Buffer, wanted: QualifierBit): boolean {
  return ((bytes[wanted.byte] ?? 0) & wanted.mask) !== 0;
}

/** A copy of `base` with these bits on. */
export function withBits(base: Buffer, bits: readonly QualifierBit[]): Buffer {
  const bytes = Buffer.from(base);
  for (const { byte, mask } of bits) bytes[byte] = (bytes[byte] ?? 0) | mask;
  return bytes;
}

export function describeBits(
  bytes: Buffer,
  bits: Readonly<Record<string, QualifierBit>>,
  language: 'en' | 'zh',
): readonly string[] {
  return Object.values(bits)
    .filter((one) => has(bytes, one))
    .map((one) => one[language]);
}
