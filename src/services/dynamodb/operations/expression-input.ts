// Reads the expressions and legacy parameters of a request, with the checks all operations share.
import type {
  AttributeValue as WireValue,
  Condition,
  ConditionalOperator,
  ExpectedAttributeValue,
} from '@aws-sdk/client-dynamodb';
import type { RequestContext } from '../../../kernel/context.ts';
import { JsonText } from '../../../wire/json-text.ts';
import {
  readValue,
  setAttribute,
  type AttributeValue,
  type Item,
  type RawValue,
} from '../attribute-value.ts';
import { invalid } from '../errors.ts';
import { EncodedItem, type SizedItem } from '../item-codec.ts';
import type { Complain } from '../number.ts';
import {
  combineConditions,
  readExpectation,
  readLegacyCondition,
  type LegacyCondition,
} from '../expression/legacy.ts';
import {
  checkAllUsed,
  checkNameRefs,
  checkValueRefs,
  openPlaceholders,
  type Placeholders,
} from '../expression/placeholders.ts';
import { readCondition } from '../expression/read-expression.ts';
import type { BoundCondition } from '../expression/syntax.ts';

export type WireItem = Record<string, WireValue>;

/** Placeholders of a request. */
export interface PlaceholderInput {
  readonly ExpressionAttributeNames?: Record<string, string> | undefined;
  readonly ExpressionAttributeValues?: WireItem | undefined;
}

/** Parameters by name, as given. */
type Given = Readonly<Record<string, unknown>>;

/** Values from the wire as the domain reads them: the schema has checked their shape. */
export function rawItem(item: WireItem | undefined): Record<string, RawValue> {
  return (item ?? {}) as unknown as Record<string, RawValue>;
}

export function rawValue(value: WireValue): RawValue {
  return value as unknown as RawValue;
}

/** Items as the wire takes them: the same objects. */
export function wireItem(item: Item): WireItem {
  return item as unknown as WireItem;
}

/**
 * A stored item as the answer takes it. What goes out over HTTP is JSON, DynamoDB's only protocol,
 * and a stored item is JSON already; callers within the cloud get the item itself.
 */
export function wireStored(found: SizedItem, { http }: Pick<RequestContext, 'http'>): WireItem {
  if (http === undefined || !(found instanceof EncodedItem)) return wireItem(found.item);
  return new JsonText(found.json) as unknown as WireItem;
}

/**
 * Refuses expressions together with the parameters they replace, and placeholders without
 * expressions. AWS: first of all checks that the model does not make. dynalite,
 * validateExpressionParams
 */
export function checkParameterMix(
  input: PlaceholderInput,
  expressions: Given,
  legacy: Given,
): void {
  const given = (parameters: Given): string[] =>
    Object.keys(parameters).filter((name) => parameters[name] !== undefined);
  const modern = given(expressions);
  const old = given(legacy);
  if (modern.length > 0 && old.length > 0) {
    throw invalid(
      `Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {${old.join(', ')}} Expression parameters: {${modern.join(', ')}}`,
    );
  }
  if (input.ExpressionAttributeNames !== undefined && modern.length === 0) {
    throw invalid('ExpressionAttributeNames can only be specified when using expressions');
  }
  const taking = Object.keys(expressions).filter((name) => name !== 'ProjectionExpression');
  if (
    input.ExpressionAttributeValues !== undefined &&
    taking.length > 0 &&
    taking.every((name) => expressions[name] === undefined)
  ) {
    const verb = taking.length > 1 ? 'are' : 'is';
    throw invalid(
      `ExpressionAttributeValues can only be specified when using expressions: ${taking.join(' and ')} ${verb} null`,
    );
  }
}

/** Runs `read` over the request's expressions, then checks that it used every placeholder. */
export function withPlaceholders<T>(
  input: PlaceholderInput,
  read: (placeholders: Placeholders) => T,
): T {
  const { ExpressionAttributeNames: names, ExpressionAttributeValues: values } = input;
  if (names !== undefined) checkNameRefs(names);
  const placeholders = openPlaceholders(
    names,
    values === undefined ? undefined : readValues(values),
  );
  const result = read(placeholders);
  checkAllUsed(placeholders);
  return result;
}

function readValues(values: WireItem): Item {
  checkValueRefs(values);
  const read: Record<string, AttributeValue> = {};
  for (const ref of Object.keys(values)) {
    const value = values[ref];
    const complain: Complain = (problem) =>
      invalid(`ExpressionAttributeValues contains invalid value: ${problem} for key ${ref}`);
    setAttribute(read, ref, readValue(value === undefined ? {} : rawValue(value), complain));
  }
  return read;
}

/** A condition of a write, in either form. */
export interface ConditionInput extends PlaceholderInput {
  readonly ConditionExpression?: string | undefined;
  readonly Expected?: Record<string, ExpectedAttributeValue> | undefined;
  readonly ConditionalOperator?: ConditionalOperator | undefined;
}

/** The condition from Expected, if there is one. */
export function readExpected({
  Expected,
  ConditionalOperator: operator,
}: ConditionInput): BoundCondition | undefined {
  if (Expected === undefined) {
    if (operator === undefined) return undefined;
    throw invalid('ConditionalOperator cannot be used without Filter or Expected');
  }
  const conditions = new Map<string, LegacyCondition>();
  for (const [attribute, expected] of Object.entries(Expected)) {
    const condition = readExpectation(attribute, {
      operator: expected.ComparisonOperator,
      values: expected.AttributeValueList?.map(rawValue),
      value: expected.Value === undefined ? undefined : rawValue(expected.Value),
      exists: expected.Exists,
    });
    conditions.set(attribute, condition);
  }
  checkOperatorUse(operator, conditions.size);
  return combineConditions(conditions, operator ?? 'AND');
}

/** The conditions from QueryFilter, ScanFilter or KeyConditions. */
export function readConditions(
  conditions: Record<string, Condition>,
): Map<string, LegacyCondition> {
  const read = new Map<string, LegacyCondition>();
  for (const [attribute, condition] of Object.entries(conditions)) {
    const entry = {
      operator: condition.ComparisonOperator,
      values: condition.AttributeValueList?.map(rawValue),
    };
    read.set(attribute, readLegacyCondition(entry));
  }
  return read;
}

/** AWS: one condition needs nothing to join it with. */
export function checkOperatorUse(operator: ConditionalOperator | undefined, count: number): void {
  if (operator !== undefined && count < 2) {
    throw invalid(
      'ConditionalOperator can only be used when Filter or Expected has two or more elements',
    );
  }
}

export function readOptionalCondition(
  text: string | undefined,
  placeholders: Placeholders,
): BoundCondition | undefined {
  return text === undefined ? undefined : readCondition('ConditionExpression', text, placeholders);
}
