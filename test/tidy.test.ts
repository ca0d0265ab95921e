// Holds the house in order: names, purpose lines, READMEs, dependency reasons, the coverage page.
import { expect, test } from 'vitest';
import { findUntidy } from '../tools/tidy.ts';

test('everything is tidy', () => {
  expect(findUntidy()).toEqual([]);
});
