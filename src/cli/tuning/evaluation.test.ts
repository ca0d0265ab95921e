// Percentiles, cost per million and recommendations, against hand-worked figures.
import { expect, test } from 'vitest';
import type { InvocationReport } from '../report-line.ts';
import { type MemoryResult, evaluateMemory, percentile, recommend } from './evaluation.ts';
import { drawTuningChart } from './tuning-chart.ts';

function report(durationMs: number, more: Partial<InvocationReport> = {}): InvocationReport {
  return {
    requestId: 'r',
    durationMs,
    billedDurationMs: Math.ceil(durationMs),
    memoryMb: 1_024,
    maxMemoryMb: 60,
    ...more,
  };
}

test('percentiles are measured values, by nearest rank', () => {
  // <Wikipedia, "Percentile", nearest-rank method, worked example 1>
  const values = [50, 35, 40, 15, 20];
  expect([5, 30, 40, 50, 100].map((p) => percentile(values, p))).toEqual([15, 20, 20, 35, 50]);
});

test('a memory size: cold runs are left out, cost is that of a million warm ones', () => {
  const result = evaluateMemory(
    {
      memoryMb: 1_024,
      warm: [report(99.5), report(100), report(199.1, { maxMemoryMb: 70 })],
      cold: [report(900, { initDurationMs: 250 })],
    },
    { region: 'us-east-1', architecture: 'x86_64', ephemeralStorageMb: 512 },
  );
  // 400 ms of 1 GB in three runs: 0.1333 GB-s at 0.0000166667, a million times, and 0.20 for requests.
  expect(result).toEqual({
    memoryMb: 1_024,
    runs: 3,
    coldStarts: 1,
    p50Ms: 100,
    p95Ms: 199.1,
    meanBilledMs: 133.33,
    maxMemoryUsedMb: 70,
    initP50Ms: 250,
    usdPerMillion: 2.422227,
  });
});

function result(memoryMb: number, p50Ms: number, usdPerMillion: number): MemoryResult {
  return { memoryMb, runs: 5, coldStarts: 1, p50Ms, p95Ms: p50Ms, meanBilledMs: p50Ms, maxMemoryUsedMb: 50, usdPerMillion };
}

test('recommendations', () => {
  // <AWS Lambda Power Tuning README>: the time of work that needs the processor falls with memory; the cost is flat, then rises.
  const results = [result(128, 11_722, 24.6), result(512, 6_678, 55.6), result(1_024, 3_194, 53.4), result(1_536, 1_465, 36.8), result(3_008, 1_465, 72)];
  expect(recommend(results)).toEqual({ cheapestMb: 128, fastestMb: 1_536, balancedMb: 1_536 });
  expect(recommend([result(128, 1, 1), result(256, 1, 1)])).toEqual({ cheapestMb: 128, fastestMb: 128, balancedMb: 128 });
});

test('the chart draws every size, and names are escaped', () => {
  const svg = drawTuningChart('a<b>&"c"', [result(128, 1_000, 2), result(1_024, 130, 2.4)]);
  expect(svg).toMatch(/^<svg [^>]*xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
  expect(svg).toContain('a&lt;b&gt;&amp;&quot;c&quot;');
  expect(svg.match(/<circle/g)).toHaveLength(4);
  expect(svg).not.toMatch(/NaN|Infinity/);
  expect(drawTuningChart('one', [result(128, 5, 1)])).not.toMatch(/NaN|Infinity/);
});
