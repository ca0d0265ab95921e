// Event patterns: the filter language that SNS filter policies and EventBridge rules share.
// Grammar: SNS Developer Guide, "Amazon SNS subscription filter policies"; EventBridge User Guide,
// "Comparison operators for use in event patterns". Messages: those of AWS's Event Ruler, which
// both services pass on (recorded in LocalStack
// tests/aws/services/sns/test_sns_filter_policy.snapshot.json).
import { type ValueRule, compileRules } from './event-pattern-rule.ts';
import { PatternError } from './pattern-error.ts';

/** Whether an event (a JSON value) matches. */
export type EventMatcher = (event: unknown) => boolean;

type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Compiles a parsed pattern. Every member must match: an array holds the rules for a value (any may
 * match), an object goes one level deeper, and `$or` holds alternative patterns.
 * A field that is an array matches when any of its elements does.
 */
export function createMatcher(pattern: unknown): EventMatcher {
  if (!isObject(pattern)) throw new PatternError('Filter is not an object');
  return compileObject(pattern);
}

function compileObject(pattern: JsonObject): EventMatcher {
  const members = Object.entries(pattern).map(([key, value]) => compileMember(key, value));
  return (event) => {
    // Elements of an array are tried one by one, so that fields of different ones never combine.
    if (Array.isArray(event))
      return event.some((element) => members.every((matches) => matches(element)));
    return members.every((matches) => matches(event));
  };
}

function compileMember(key: string, value: unknown): EventMatcher {
  if (key === '$or' && Array.isArray(value) && value.length > 1 && value.every(isObject)) {
    const alternatives = value.map(compileObject);
    return (event) => alternatives.some((matches) => matches(event));
  }
  if (Array.isArray(value)) {
    if (value.length === 0) throw new PatternError('Empty arrays are not allowed');
    const rules = compileRules(value);
    return (event) => matchesField(rules, isObject(event) ? event[key] : undefined);
  }
  if (!isObject(value)) throw new PatternError(`"${key}" must be an object or an array`);
  if (Object.keys(value).length === 0) throw new PatternError('Empty objects are not allowed');
  const inner = compileObject(value);
  return (event) => inner(isObject(event) ? event[key] : undefined);
}

function matchesField(rules: readonly ValueRule[], field: unknown): boolean {
  const values = (Array.isArray(field) ? field.flat(Infinity) : [field]).filter(isScalar);
  if (values.length === 0) return rules.some((rule) => rule.matchesAbsent);
  return values.some((value) => rules.some((rule) => rule.matches(value)));
}

function isScalar(value: unknown): value is string | number | boolean | null {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
