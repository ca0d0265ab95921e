// What counts as near: slips of one or two letters, swaps, beginnings; not another word.
import { expect, test } from 'vitest';
import { didYouMean, nearestOf } from './nearest.ts';

const COMMANDS = ['start', 'dev', 'deploy', 'invoke', 'logs', 'status', 'clock', 'stop', 'generate-event'];

test.each([
  ['invok', 'invoke'],
  ['inovke', 'invoke'],
  ['dpeloy', 'deploy'],
  ['Status', 'status'],
  ['gen', 'generate-event'],
  ['generate-evnet', 'generate-event'],
  ['stap', 'stop'],
])('%s: %s', (written, meant) => {
  expect(nearestOf(written, COMMANDS)).toBe(meant);
});

test.each(['frobnicate', '', 'x', 'terraform'])('%j: nothing', (written) => {
  expect(nearestOf(written, COMMANDS)).toBeUndefined();
  expect(didYouMean(written, COMMANDS)).toBe('');
});
