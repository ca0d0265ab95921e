// Event filters of mappings: which records reach the function.
import { createMatcher } from '../../../base/event-pattern.ts';

/**
 * Whether one of the patterns matches what is there to see of a record; no patterns let everything
 * through. Throws when a pattern is not one.
 */
export function compileFilters(patterns: readonly string[]): (view: unknown) => boolean {
  if (patterns.length === 0) return () => true;
  const matchers = patterns.map((pattern) => createMatcher(JSON.parse(pattern)));
  return (view) => matchers.some((matches) => matches(view));
}
