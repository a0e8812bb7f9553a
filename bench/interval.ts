/**
 * The median of a few noisy ratios, and between which of them the true median lies: an interval of
 * order statistics, exact whatever their distribution (Conover, Practical Nonparametric Statistics,
 * "confidence interval for a quantile"). Seven rounds give their smallest and largest at 98.4 %.
 */
export interface Interval {
  readonly median: number;
  readonly low: number;
  readonly high: number;
  /** How sure the interval is, at least what was asked where so few values can say so. */
  readonly confidence: number;
}

const CONFIDENCE_MIN = 0.95;

export function medianInterval(values: readonly number[]): Interval {
  const sorted = [...values].sort((a, b) => a - b);
  const count = sorted.length;
  if (count === 0) throw new Error('no values');
  const at = (index: number): number => sorted[index] ?? Number.NaN;
  const middle = (count - 1) / 2;
  let cut = 0;
  while (cut + 1 <= middle && confidenceOf(count, cut + 1) >= CONFIDENCE_MIN) cut += 1;
  return {
    median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2,
    low: at(cut),
    high: at(count - 1 - cut),
    confidence: confidenceOf(count, cut),
  };
}

/** Without the `cut` smallest and largest: 1 - 2 P(at most `cut` of `count` fair coins). */
function confidenceOf(count: number, cut: number): number {
  let tail = 0;
  let ways = 1;
  for (let k = 0; k <= cut; k += 1) {
    tail += ways;
    ways = (ways * (count - k)) / (k + 1);
  }
  return 1 - (2 * tail) / 2 ** count;
}
