/** Shards as people write them: `0-127,200`. */
import { SHARD_COUNT } from '../../kernel/id.ts';

/** undefined: it is not a list of shards. */
export function parseRanges(text: string): readonly number[] | undefined {
  const shards = new Set<number>();
  for (const part of text.split(',')) {
    const [, first, last = first] = /^(\d{1,3})(?:-(\d{1,3}))?$/.exec(part.trim()) ?? [];
    if (first === undefined || Number(last) >= SHARD_COUNT || Number(first) > Number(last))
      return undefined;
    for (let shard = Number(first); shard <= Number(last); shard += 1) shards.add(shard);
  }
  return [...shards].sort((a, b) => a - b);
}

export function rangesOf(shards: readonly number[]): string {
  const ranges: [first: number, last: number][] = [];
  for (const shard of [...shards].sort((a, b) => a - b)) {
    const range = ranges.at(-1);
    if (range !== undefined && range[1] === shard - 1) range[1] = shard;
    else ranges.push([shard, shard]);
  }
  return ranges
    .map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`))
    .join(',');
}
