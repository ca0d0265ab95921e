// REPORT lines as AWS documents them, ours with a price, and the JSON form.
import { expect, test } from 'vitest';
import { findReport, parseReport, readableLine } from './report-line.ts';
import { silentTerminal } from './terminal.ts';

// <Lambda developer guide, nodejs-logging>
const DOCUMENTED =
  'REPORT RequestId: c793869b-ee49-115b-a5b6-4fd21e8dedac\tDuration: 128.83 ms\tBilled Duration: 129 ms\tMemory Size: 128 MB\tMax Memory Used: 74 MB\tInit Duration: 166.62 ms\tXRAY TraceId: 1-5d9d007f-0a8c7fd02xmpl480aed55ef0\tSegmentId: 3d752xmpl1bbe37e\tSampled: true\t';

test('a documented line', () => {
  expect(parseReport(DOCUMENTED)).toEqual({
    requestId: 'c793869b-ee49-115b-a5b6-4fd21e8dedac',
    durationMs: 128.83,
    billedDurationMs: 129,
    memoryMb: 128,
    maxMemoryMb: 74,
    initDurationMs: 166.62,
  });
});

test('a line with a price, the last of several', () => {
  const log = `START RequestId: a\n${DOCUMENTED}\nREPORT RequestId: b\tDuration: 1.00 ms\tBilled Duration: 1 ms\tMemory Size: 128 MB\tMax Memory Used: 40 MB\tPrice: 0.000000202083 USD\t\n`;
  expect(findReport(log)).toMatchObject({ requestId: 'b', priceUsd: 0.000000202083 });
  expect(findReport('no report here')).toBeUndefined();
});

test('the JSON form', () => {
  // <Lambda developer guide, telemetry-schema-reference, platform.report>
  const line =
    '{"time":"2022-10-12T00:01:15.000Z","type":"platform.report","record":{"metrics":{"billedDurationMs":694,"durationMs":693.92,"initDurationMs":397.68,"maxMemoryUsedMB":84,"memorySizeMB":128},"requestId":"6f7f0961f83442118a7af6fe80b88d56"}}';
  expect(parseReport(line)).toEqual({
    requestId: '6f7f0961f83442118a7af6fe80b88d56',
    durationMs: 693.92,
    billedDurationMs: 694,
    memoryMb: 128,
    maxMemoryMb: 84,
    initDurationMs: 397.68,
  });
  expect(parseReport('{"message": "\\"platform.report\\" }')).toBeUndefined();
});

test('lines for people', () => {
  expect(readableLine('START RequestId: a Version: 1', silentTerminal)).toBeUndefined();
  expect(readableLine('hello', silentTerminal)).toBe('hello');
  expect(readableLine(DOCUMENTED, silentTerminal)).toBe(
    'took 128.83 ms, billed 129 ms · cold start 166.62 ms · 74 of 128 MB',
  );
});
