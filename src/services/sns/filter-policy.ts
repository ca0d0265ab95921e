// Filter policies: checks them as SNS does and decides whether a message passes.
import type { EventMatcher } from '../../base/event-pattern.ts';
import { createMatcher } from '../../base/event-pattern.ts';
import { isDeepJson } from '../../base/nesting.ts';
import { PatternError } from '../../base/pattern-error.ts';
import { FILTER_COMBINATIONS_MAX, FILTER_KEYS_MAX } from './limits.ts';
import type { MessageAttributes } from './message.ts';
import type { FilterScope } from './subscription.ts';

type JsonObject = Readonly<Record<string, unknown>>;

/** What is wrong with a filter policy; undefined when it is sound. */
export function findPolicyProblem(text: string, scope: FilterScope): string | undefined {
  let policy: unknown;
  try {
    policy = JSON.parse(text);
  } catch (error) {
    return `FilterPolicy: failed to parse JSON. ${error instanceof Error ? error.message : ''}`;
  }
  if (isDeepJson(text)) return 'FilterPolicy: Filter policy is too complex';
  if (!isObject(policy)) return 'FilterPolicy: Filter is not an object';
  if (Object.keys(policy).length > FILTER_KEYS_MAX) {
    return `FilterPolicy: Filter policy can not have more than ${FILTER_KEYS_MAX} keys`;
  }
  if (scope === 'MessageAttributes' && Object.values(policy).some(isObject)) {
    return 'Filter policy scope MessageAttributes does not support nested filter policy';
  }
  if (countCombinations(policy) > FILTER_COMBINATIONS_MAX) {
    return 'FilterPolicy: Filter policy is too complex';
  }
  try {
    createMatcher(policy);
  } catch (error) {
    if (error instanceof PatternError) return `FilterPolicy: ${error.message}`;
    throw error;
  }
  return undefined;
}

/** Compiles a sound policy. */
export function compileFilter(
  text: string,
  scope: FilterScope,
): (message: { body: string; attributes: MessageAttributes }) => boolean {
  const matches = createMatcher(JSON.parse(text));
  return scope === 'MessageBody'
    ? ({ body }) => matchesBody(matches, body)
    : ({ attributes }) => matches(readValues(attributes));
}

/** AWS: a body that is no JSON object passes no payload-based policy. */
function matchesBody(matches: EventMatcher, body: string): boolean {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return false;
  }
  return isObject(parsed) && matches(parsed);
}

/**
 * Attributes as a flat event: numbers as numbers, String.Array as its elements, binary left out.
 */
function readValues(attributes: MessageAttributes): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [name, { dataType, text }] of Object.entries(attributes)) {
    if (text === undefined) continue;
    if (dataType.startsWith('Number')) values[name] = Number(text);
    else values[name] = dataType === 'String.Array' ? readArray(text) : text;
  }
  return values;
}

function readArray(text: string): unknown {
  try {
    const parsed: unknown = JSON.parse(text);
    return Array.isArray(parsed) ? parsed : text;
  } catch {
    return text;
  }
}

/**
 * The product over all keys of the number of values times the key's depth.
 * Source: SNS Developer Guide, "Filter policy constraints".
 */
function countCombinations(policy: JsonObject, depth = 1): number {
  let product = 1;
  for (const [key, value] of Object.entries(policy)) {
    if (isObject(value)) product *= countCombinations(value, depth + 1);
    if (!Array.isArray(value)) continue;
    product *= Math.max(1, value.length) * depth;
    if (key === '$or') {
      for (const each of value.filter(isObject)) product *= countCombinations(each, depth + 1);
    }
  }
  return product;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
