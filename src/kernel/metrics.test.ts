// Metrics: counted in memory, stored per minute on the cloud's clock, merged, kept and dropped.
import { describe, expect, test } from 'vitest';
import { createActivity } from '../base/activity.ts';
import { silentLog } from '../base/log.ts';
import { createMemoryStore } from '../platform/memory-store.ts';
import { nextTurn } from '../platform/next-turn.ts';
import { createVirtualClock } from '../platform/virtual-clock.ts';
import {
  type MetricAggregate,
  OpenAggregate,
  bucketOf,
  mergeAggregates,
  percentileOf,
  valueOfBucket,
} from './metric-aggregate.ts';
import type { MetricId } from './metric-id.ts';
import { createMetrics } from './metrics.ts';

const START = Date.UTC(2026, 0, 1);
const SCOPE = { account: '000000000000', region: 'us-east-1' };
const ALWAYS = { fromMs: 0, toMs: START * 2 };

function setUp(store = createMemoryStore()) {
  const activity = createActivity(nextTurn);
  const clock = createVirtualClock({ startMs: START, activity });
  const metrics = createMetrics({ store, clock, activity, log: silentLog });
  return { store, clock, metrics };
}

function metric(name: string, dimensions: MetricId['dimensions'] = []): MetricId {
  return { namespace: 'AWS/Lambda', name, dimensions, unit: 'Count' };
}

function aggregateOf(values: readonly number[]): MetricAggregate {
  const open = new OpenAggregate(START);
  for (const value of values) open.add(value);
  return open.close();
}

describe('aggregates', () => {
  test('count, sum and extremes; equal values need no sketch', () => {
    expect(aggregateOf([3, 3, 3])).toEqual({ minuteMs: START, count: 3, sum: 9, min: 3, max: 3 });
    expect(aggregateOf([5, -2, 0])).toMatchObject({ count: 3, sum: 3, min: -2, max: 5 });
  });

  test('percentiles are off by one percent at most', () => {
    const values = Array.from({ length: 1_000 }, (_, i) => (i + 1) * 7.3);
    const aggregate = aggregateOf(values);
    for (const fraction of [0.01, 0.5, 0.9, 0.99]) {
      const exact = values[Math.ceil(fraction * values.length) - 1] ?? 0;
      expect(Math.abs(percentileOf(aggregate, fraction) / exact - 1)).toBeLessThanOrEqual(0.0101);
    }
    expect(percentileOf(aggregate, 1)).toBe(7_300);
    expect(percentileOf(aggregate, 0)).toBe(7.3);
  });

  test('buckets order as values do, over the whole range of numbers', () => {
    const values = [-1e308, -5, -1e-300, 0, Number.MIN_VALUE, 1e-9, 1, 1.03, 1e9, Number.MAX_VALUE];
    const buckets = values.map(bucketOf);
    expect(buckets.toSorted((a, b) => a - b)).toEqual(buckets);
    expect(new Set(buckets).size).toBe(values.length);
    expect(Math.abs(valueOfBucket(bucketOf(42)) / 42 - 1)).toBeLessThanOrEqual(0.0101);
  });

  test('parts of a minute together are as if counted at once', () => {
    const [left, right] = [[1, 2, 3, 4], [9, 9, 0.5]];
    expect(mergeAggregates(aggregateOf(left), aggregateOf(right))).toEqual(aggregateOf([...left, ...right]));
    expect(mergeAggregates(aggregateOf([1, 1]), aggregateOf([1]))).toEqual(aggregateOf([1, 1, 1]));
  });
});

test('what is counted can be read at once, and is stored ten seconds later', async () => {
  const { clock, metrics, store } = setUp();
  const series = metrics.series(SCOPE, metric('Invocations'));
  series.add(1, clock.now());
  series.add(1, clock.now());
  const counted = [{ minuteMs: START, count: 2, sum: 2, min: 1, max: 1 }];
  expect(await metrics.read(SCOPE, metric('Invocations'), ALWAYS)).toEqual(counted);
  const other = setUp(store).metrics;
  expect(await other.read(SCOPE, metric('Invocations'), ALWAYS)).toEqual([]);
  await clock.advance(10_000);
  expect(await other.read(SCOPE, metric('Invocations'), ALWAYS)).toEqual(counted);
  // The rest of the minute joins what is stored of it.
  series.add(4, clock.now());
  await metrics.stop();
  expect(await other.read(SCOPE, metric('Invocations'), ALWAYS)).toMatchObject([
    { minuteMs: START, count: 3, sum: 6, min: 1, max: 4 },
  ]);
});

test('minutes are apart, and a period is half open', async () => {
  const { clock, metrics } = setUp();
  const series = metrics.series(SCOPE, metric('Errors'));
  for (let minute = 0; minute < 3; minute += 1) {
    series.add(minute, clock.now());
    await clock.advance(60_000);
  }
  const read = await metrics.read(SCOPE, metric('Errors'), { fromMs: START + 60_000, toMs: START + 120_000 });
  expect(read).toEqual([{ minuteMs: START + 60_000, count: 1, sum: 1, min: 1, max: 1 }]);
});

test('metrics differ by scope, dimensions and unit, not by the order of dimensions', async () => {
  const { clock, metrics } = setUp();
  const both = metric('Errors', [['FunctionName', 'f'], ['Resource', 'f:1']]);
  const turned = metric('Errors', [['Resource', 'f:1'], ['FunctionName', 'f']]);
  metrics.series(SCOPE, both).add(1, clock.now());
  metrics.series(SCOPE, turned).add(1, clock.now());
  metrics.series(SCOPE, metric('Errors')).add(1, clock.now());
  metrics.series({ ...SCOPE, region: 'eu-west-1' }, both).add(1, clock.now());
  expect(await metrics.read(SCOPE, both, ALWAYS)).toMatchObject([{ count: 2 }]);
  expect(await metrics.list(SCOPE, { namespace: 'AWS/Lambda' })).toHaveLength(2);
  await metrics.flush();
  expect(await metrics.list(SCOPE, { name: 'Errors' })).toHaveLength(2);
  expect(await metrics.list(SCOPE, { namespace: 'AWS/SQS' })).toEqual([]);
});

test('what is older than 15 days goes, and a metric without values with it', async () => {
  const { clock, metrics } = setUp();
  metrics.series(SCOPE, metric('Old')).add(1, clock.now());
  metrics.series(SCOPE, metric('Kept')).add(1, clock.now());
  await clock.advance(17 * 86_400_000);
  metrics.series(SCOPE, metric('Kept')).add(1, clock.now());
  await clock.advance(10_000);
  // The sweep of a day runs after its first writing.
  expect(await metrics.list(SCOPE, {})).toMatchObject([{ name: 'Kept' }]);
  expect(await metrics.read(SCOPE, metric('Kept'), ALWAYS)).toHaveLength(1);
});

test('a store that fails loses nothing', async () => {
  const inner = createMemoryStore();
  let broken = true;
  const store = {
    ...inner,
    transact: ((body) => (broken ? Promise.reject(new Error('disk')) : inner.transact(body))) as typeof inner.transact,
  };
  const { clock, metrics } = setUp(store);
  metrics.series(SCOPE, metric('Invocations')).add(1, clock.now());
  await expect(metrics.flush()).rejects.toThrow('disk');
  broken = false;
  metrics.series(SCOPE, metric('Invocations')).add(1, clock.now());
  await metrics.flush();
  const other = setUp(inner).metrics;
  expect(await other.read(SCOPE, metric('Invocations'), ALWAYS)).toMatchObject([{ count: 2 }]);
});
