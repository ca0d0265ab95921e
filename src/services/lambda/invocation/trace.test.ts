// Trace headers: made, continued, and told how often a function came round.
import { expect, test } from 'vitest';
import { seededRandom } from '../../../base/random.ts';
import { LOOP_INVOCATIONS_MAX, beginTrace, lineageHash, traceInvocation } from './trace.ts';

const random = seededRandom(1);
const NOW = Date.UTC(2026, 0, 2);
const A = lineageHash('arn:aws:lambda:us-east-1:000000000000:function:a');
const B = lineageHash('arn:aws:lambda:us-east-1:000000000000:function:b');
const ROOT = '1-69570a80-0123456789abcdef01234567';

function trace(given: string | undefined, hash = A) {
  return traceInvocation({ given, hash, nowMs: NOW, random });
}

test('a new trace has the form of those on AWS', () => {
  // Seen in public logs: Root=1-673e57b6-4d3b2cce0232a5a97eb755eb;Parent=65fa8e08b986dec3;Sampled=0;Lineage=1:d556a4a8:0
  const { header, earlierRuns } = trace(undefined);
  expect(header).toMatch(/^Root=1-69570a80-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0;Lineage=1:[0-9a-f]{8}:0$/);
  expect(earlierRuns).toBe(0);
  expect(beginTrace(NOW, random)).toMatch(/^Root=1-69570a80-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0$/);
});

test.each([
  [`Root=${ROOT}`, `^Root=${ROOT};Parent=[0-9a-f]{16};Sampled=0;Lineage=1:${A}:0$`],
  [`Root=${ROOT};Parent=53995c3f42cd8ad8;Sampled=1`, `^Root=${ROOT};Parent=53995c3f42cd8ad8;Sampled=1;Lineage=1:${A}:0$`],
  [`Sampled=1; root=${ROOT} ;Self=1-2`, `^Root=${ROOT};Parent=[0-9a-f]{16};Sampled=1;Lineage=1:${A}:0$`],
  [`Root=${ROOT};Lineage=3:${B}:1`, `;Lineage=4:${B}:1\\|${A}:0$`],
  [`Root=${ROOT};Lineage=3:${A}:1|${B}:0`, `;Lineage=4:${B}:0\\|${A}:2$`],
  [`Root=${ROOT};Lineage=x:|||:${A}`, `;Lineage=1:${A}:0$`],
  ['Root=nonsense;Parent=;;=', `^Root=1-69570a80-[0-9a-f]{24};`],
])('%s is continued', (given, expected) => {
  expect(trace(given).header).toMatch(new RegExp(expected));
});

test('two functions that call each other are found after sixteen runs', () => {
  let header: string | undefined;
  let runs = 0;
  for (;;) {
    const a = trace(header, A);
    if (a.earlierRuns >= LOOP_INVOCATIONS_MAX) break;
    runs += 1;
    ({ header } = trace(a.header, B));
  }
  // <developer guide, "Recursive loop detection">: approximately 16 times.
  expect(runs).toBe(16);
});

test('a lineage does not grow without end', () => {
  let header: string | undefined;
  for (let n = 0; n < 200; n += 1) ({ header } = trace(header, lineageHash(`function-${n}`)));
  expect(header?.length).toBeLessThan(1_024);
});
