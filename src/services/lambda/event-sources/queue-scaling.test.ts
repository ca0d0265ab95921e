// How the number of batches at once grows and shrinks.
import { expect, test } from 'vitest';
import type { MappingRecord } from '../store.ts';
import { createQueueScaling } from './queue-scaling.ts';

const MAPPING: MappingRecord = {
  uuid: 'u',
  eventSourceArn: 'arn:aws:sqs:us-east-1:000000000000:q',
  functionName: 'fn',
  enabled: true,
  batchSize: 10,
  batchWindowSec: 0,
  filters: [],
  reportsItemFailures: false,
  lastModifiedMs: 0,
};

// Values: developer guide, "Configuring scaling behavior for SQS event source mappings".
test.each<[string, Partial<MappingRecord>, readonly (readonly [ms: number, limit: number])[]]>([
  ['by itself', {}, [[0, 5], [199, 5], [200, 6], [1_000, 10], [60_000, 305], [249_000, 1_250], [9e9, 1_250]]],
  ['with a maximum', { maximumConcurrency: 20 }, [[0, 5], [1_000, 10], [3_000, 20], [9e9, 20]]],
  ['with a small maximum', { maximumConcurrency: 2 }, [[0, 2], [9e9, 2]]],
  ['provisioned', { provisionedPollers: { minimum: 2, maximum: 20 } }, [[0, 20], [60, 21], [9e9, 200]]],
])('%s', (_what, settings, expected) => {
  const scaling = createQueueScaling({ ...MAPPING, ...settings });
  scaling.saturated(0);
  for (const [ms, limit] of expected) expect([ms, scaling.limit(ms)]).toEqual([ms, limit]);
  scaling.relax();
  expect(scaling.limit(9e9)).toBe(expected[0]?.[1]);
});

test('says when there will be room for one more', () => {
  const scaling = createQueueScaling(MAPPING);
  expect(scaling.growsInMs(50)).toBe(200);
  scaling.saturated(50);
  expect(scaling.growsInMs(120)).toBe(130);
  expect(scaling.growsInMs(9e9)).toBeUndefined();
});
