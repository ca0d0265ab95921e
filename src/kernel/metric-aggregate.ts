// What a minute of a metric comes to: count, sum, extremes, and a sketch of the values for percentiles.

/** One minute of one metric. */
export interface MetricAggregate {
  /** Start of the minute, epoch ms. */
  readonly minuteMs: number;
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
  /** `[bucket, count, …]` by rising bucket; absent while all values are equal. See `bucketOf`. */
  readonly buckets?: readonly number[];
}

/** Neighbouring buckets differ by two percent, so that a percentile is off by one percent at most. */
const GROWTH = 1.02;
const PER_LOG = 1 / Math.log(GROWTH);
/** Keeps the index of every positive double above zero. */
const OFFSET = 50_000;

/** An integer that orders as values do, up to one percent: 0 for 0, mirrored below. */
export function bucketOf(value: number): number {
  if (value === 0) return 0;
  const index = Math.ceil(Math.log(Math.abs(value)) * PER_LOG) + OFFSET;
  return value > 0 ? index : -index;
}

/** The value in the middle of a bucket. */
export function valueOfBucket(bucket: number): number {
  if (bucket === 0) return 0;
  const value = (2 * GROWTH ** (Math.abs(bucket) - OFFSET)) / (GROWTH + 1);
  return bucket > 0 ? value : -value;
}

/** Two parts of one minute together. */
export function mergeAggregates(a: MetricAggregate, b: MetricAggregate): MetricAggregate {
  const min = Math.min(a.min, b.min);
  const max = Math.max(a.max, b.max);
  const merged = { minuteMs: a.minuteMs, count: a.count + b.count, sum: a.sum + b.sum, min, max };
  if (min === max) return merged;
  const counts = new Map<number, number>();
  for (const part of [a, b]) {
    const buckets = part.buckets ?? [bucketOf(part.min), part.count];
    for (let at = 0; at < buckets.length; at += 2) {
      const bucket = buckets[at] ?? 0;
      counts.set(bucket, (counts.get(bucket) ?? 0) + (buckets[at + 1] ?? 0));
    }
  }
  return { ...merged, buckets: flatten(counts) };
}

/** The value that `fraction` (0..1) of all values do not exceed, to within one percent. */
export function percentileOf(aggregate: MetricAggregate, fraction: number): number {
  const { buckets, count, min, max } = aggregate;
  if (buckets === undefined || fraction <= 0) return min;
  let below = 0;
  for (let at = 0; at < buckets.length; at += 2) {
    below += buckets[at + 1] ?? 0;
    if (below >= count * fraction) {
      return Math.min(max, Math.max(min, valueOfBucket(buckets[at] ?? 0)));
    }
  }
  return max;
}

/** A minute that is still being counted. */
export class OpenAggregate {
  readonly #minuteMs: number;
  #count = 0;
  #sum = 0;
  #min = 0;
  #max = 0;
  #buckets: Map<number, number> | undefined;

  constructor(minuteMs: number) {
    this.#minuteMs = minuteMs;
  }

  add(value: number): void {
    if (this.#count === 0) {
      this.#min = value;
      this.#max = value;
    } else if (this.#buckets === undefined && value !== this.#min) {
      this.#buckets = new Map([[bucketOf(this.#min), this.#count]]);
    }
    this.#count += 1;
    this.#sum += value;
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
    if (this.#buckets !== undefined) {
      const bucket = bucketOf(value);
      this.#buckets.set(bucket, (this.#buckets.get(bucket) ?? 0) + 1);
    }
  }

  close(): MetricAggregate {
    return {
      minuteMs: this.#minuteMs,
      count: this.#count,
      sum: this.#sum,
      min: this.#min,
      max: this.#max,
      ...(this.#buckets === undefined ? {} : { buckets: flatten(this.#buckets) }),
    };
  }
}

function flatten(counts: ReadonlyMap<number, number>): number[] {
  return [...counts].toSorted(([a], [b]) => a - b).flat();
}
