// Conditions made of conditions.
import type { JsonMap } from './values.ts';

/** CloudFormation takes at most ten operands of Fn::Or. */
const OPERANDS_MAX = 10;

/** Conditions by name that together say "any of these", the last of them under `name`. At least two. */
export function combineConditions(
  conditions: readonly string[],
  name: string,
): Record<string, JsonMap> {
  const made: Record<string, JsonMap> = {};
  let remaining = [...conditions];
  // Each Or takes up to ten conditions and is one itself.
  let index = 1 + Math.floor((remaining.length - 2) / (OPERANDS_MAX - 1)) - 1;
  while (remaining.length > 1) {
    const own = index > 0 ? `${name}${index}` : name;
    index -= 1;
    made[own] = { 'Fn::Or': remaining.slice(0, OPERANDS_MAX).map((Condition) => ({ Condition })) };
    remaining = [...remaining.slice(OPERANDS_MAX), own];
  }
  return made;
}
