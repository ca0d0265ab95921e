// How many batches of a queue run at once: few to begin with, more while there is always more to do.
import {
  PROVISIONED_GROWTH_PER_MINUTE,
  PROVISIONED_POLLER_CONCURRENCY,
  SQS_CONCURRENCY_FIRST,
  SQS_CONCURRENCY_GROWTH_PER_MINUTE,
  SQS_CONCURRENCY_MAX,
} from '../limits.ts';
import type { MappingRecord } from '../store.ts';

export interface QueueScaling {
  /** Batches that may run at once now. */
  limit(nowMs: number): number;
  /** How long until the limit is one higher; undefined when it is as high as it gets. */
  growsInMs(nowMs: number): number | undefined;
  /** All batches that may run do, and there are messages still. */
  saturated(nowMs: number): void;
  /** The queue had nothing, or the function failed: back to the beginning. */
  relax(): void;
}

interface Bounds {
  readonly first: number;
  readonly max: number;
  readonly growthPerMinute: number;
}

/**
 * AWS: five batches at once, up to 300 more a minute, 1,250 at most; with a maximum concurrency no more
 * than that; provisioned pollers do ten each, and grow by 1,000 a minute.
 * <developer guide, "Configuring scaling behavior for SQS event source mappings">
 */
function boundsOf({ maximumConcurrency, provisionedPollers }: MappingRecord): Bounds {
  if (provisionedPollers !== undefined) {
    const { minimum, maximum } = provisionedPollers;
    return {
      first: minimum * PROVISIONED_POLLER_CONCURRENCY,
      max: maximum * PROVISIONED_POLLER_CONCURRENCY,
      growthPerMinute: PROVISIONED_GROWTH_PER_MINUTE,
    };
  }
  const max = maximumConcurrency ?? SQS_CONCURRENCY_MAX;
  const first = Math.min(SQS_CONCURRENCY_FIRST, max);
  return { first, max, growthPerMinute: SQS_CONCURRENCY_GROWTH_PER_MINUTE };
}

export function createQueueScaling(mapping: MappingRecord): QueueScaling {
  const { first, max, growthPerMinute } = boundsOf(mapping);
  const stepMs = 60_000 / growthPerMinute;
  let sinceMs: number | undefined;
  const limit = (nowMs: number): number =>
    sinceMs === undefined ? first : Math.min(max, first + Math.floor((nowMs - sinceMs) / stepMs));
  return {
    limit,
    growsInMs(nowMs) {
      if (limit(nowMs) >= max) return undefined;
      return sinceMs === undefined ? stepMs : stepMs - ((nowMs - sinceMs) % stepMs);
    },
    saturated(nowMs) {
      sinceMs ??= nowMs;
    },
    relax() {
      sinceMs = undefined;
    },
  };
}
