/**
 * A second verifier of PBoC cryptograms, written from the description alone and importing nothing
 * of src/wires/nfc: its own reading of field 55, and DES chained by the cipher itself instead of
 * block by block.
 */
import { createCipheriv, createDecipheriv } from 'node:crypto';

const COVERED = ['9f02', '9f03', '9f1a', '95', '5f2a', '9a', '9c', '9f37', '82', '9f36'];

/** Flat objects only, as field 55 has them; undefined where they cannot be read. */
export function readFlat(bytes: Buffer): Map<string, Buffer> | undefined {
  const text = bytes.toString('hex');
  const values = new Map<string, Buffer>();
  let rest = text;
  while (rest !== '') {
    const match =
      /^((?:[0-9a-f][0-9a-e]|[02468ace]f)|(?:[13579bdf]f[0-7][0-9a-f])|(?:[13579bdf]f[89a-f][0-9a-f][0-7][0-9a-f]))/.exec(
        rest,
      );
    const tag = match?.[1];
    if (tag === undefined) return undefined;
    rest = rest.slice(tag.length);
    const long = /^8[12]/.test(rest) ? Number(rest[1]) : 0;
    const lengthText = long === 0 ? rest.slice(0, 2) : rest.slice(2, 2 + long * 2);
    const length = Number.parseInt(lengthText, 16);
    const from = long === 0 ? 2 : 2 + long * 2;
    if (Number.isNaN(length) || rest.length < from + length * 2) return undefined;
    values.set(tag, Buffer.from(rest.slice(from, from + length * 2), 'hex'));
    rest = rest.slice(from + length * 2);
  }
  return values;
}

export function sessionKeyOf(tokenKey: Buffer, counter: Buffer): Buffer {
  const atc = counter.readUInt16BE(0);
  const half = (value: number) => {
    const block = Buffer.alloc(8);
    block.writeUInt16BE(value, 6);
    const cipher = createCipheriv('des-ede-ecb', tokenKey, null).setAutoPadding(false);
    return cipher.update(block);
  };
  return Buffer.concat([half(atc), half(0xffff - atc)]);
}

/** ISO 9797-1 algorithm 3: CBC under the left key, the last block through right and left again. */
export function macOf(sessionKey: Buffer, data: Buffer): Buffer {
  const left = sessionKey.subarray(0, 8);
  const right = sessionKey.subarray(8);
  const padded = Buffer.from(
    `${data.toString('hex')}80`.padEnd(Math.ceil((data.length + 1) / 8) * 16, '0'),
    'hex',
  );
  const chain = createCipheriv('des-ede-cbc', Buffer.concat([left, left]), Buffer.alloc(8));
  const last = chain.setAutoPadding(false).update(padded).subarray(-8);
  const back = createDecipheriv('des-ede-ecb', Buffer.concat([right, right]), null);
  const middle = back.setAutoPadding(false).update(last);
  const end = createCipheriv('des-ede-ecb', Buffer.concat([left, left]), null);
  return end.setAutoPadding(false).update(middle);
}

function coveredData(values: ReadonlyMap<string, Buffer>): Buffer | undefined {
  const parts = COVERED.map((tag) => values.get(tag));
  const issuerData = values.get('9f10');
  if (issuerData === undefined || parts.some((part) => part === undefined)) return undefined;
  return Buffer.concat([...parts.flatMap((part) => part ?? []), issuerData.subarray(3, 7)]);
}

export function isArqcRight(field55: Buffer, tokenKey: Buffer): boolean {
  const values = readFlat(field55);
  const data = values === undefined ? undefined : coveredData(values);
  const counter = values?.get('9f36');
  if (data === undefined || counter?.length !== 2) return false;
  return macOf(sessionKeyOf(tokenKey, counter), data).equals(
    values?.get('9f26') ?? Buffer.alloc(0),
  );
}
