/**
 * Mutations of bytes, all from one seed number, so that a finding can be had again: flips, cuts,
 * insertions, repetitions, splices with another seed, and now and then plain noise.
 */
export type NextRandom = () => number;

/** Mulberry32: small, fast, and the same everywhere. */
export function randomFrom(seed: number): NextRandom {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const INPUT_BYTES_MAX = 64 * 1024;
/** Bytes at which parsers stumble: ends of ranges, lengths, quotes, brackets, separators. */
const NOTABLE = Buffer.from(
  '00017f8081828384feff09200a0d2225262b2c2d2e303132393a3c3d3e5b5d7b7d5c',
  'hex',
);

export function mutate(random: NextRandom, seeds: readonly Buffer[]): Buffer {
  const pick = <T>(items: ArrayLike<T>): T => items[Math.floor(random() * items.length)] as T;
  const upTo = (max: number) => Math.floor(random() * (max + 1));
  if (random() < 0.02) return noise(random, upTo(300));
  let bytes: Buffer = Buffer.from(pick(seeds));
  const count = 1 + upTo(random() < 0.7 ? 2 : 7);
  for (let step = 0; step < count; step += 1) {
    const at = upTo(Math.max(0, bytes.length - 1));
    const length = 1 + upTo(random() < 0.8 ? 4 : 60);
    const before = bytes.subarray(0, at);
    const rest = bytes.subarray(at + length);
    switch (upTo(9)) {
      case 0:
      case 1:
        if (bytes.length > 0) bytes[at] = (bytes[at] ?? 0) ^ (1 << upTo(7));
        break;
      case 2:
        if (bytes.length > 0) bytes[at] = pick(NOTABLE);
        break;
      case 3:
        if (bytes.length > 0) bytes[at] = ((bytes[at] ?? 0) + (random() < 0.5 ? 1 : 255)) & 0xff;
        break;
      case 4:
        bytes = Buffer.concat([before, rest]);
        break;
      case 5:
        bytes = Buffer.concat([before, noise(random, length), bytes.subarray(at)]);
        break;
      case 6:
        bytes = Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)]);
        break;
      case 7:
        bytes = Buffer.concat([before, pick(seeds).subarray(upTo(40))]);
        break;
      case 8:
        bytes = Buffer.from(before);
        break;
      default: {
        const piece = bytes.subarray(at, at + length);
        const times = random() < 0.05 ? 2_000 : 1 + upTo(20);
        bytes = Buffer.concat([before, ...Array.from({ length: times }, () => piece), rest]);
      }
    }
  }
  return bytes.subarray(0, INPUT_BYTES_MAX);
}

function noise(random: NextRandom, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => Math.floor(random() * 256)));
}
