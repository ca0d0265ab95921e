// Reads what a write is to do from the parameters of the operations that write.
import type {
  AttributeValueUpdate,
  ReturnValuesOnConditionCheckFailure,
} from '@aws-sdk/client-dynamodb';
import { unreachable } from '../../../base/errors.ts';
import { readItem, readValue, type Item } from '../attribute-value.ts';
import { invalid } from '../errors.ts';
import { readAttributeUpdate } from '../expression/legacy.ts';
import { readUpdate } from '../expression/read-expression.ts';
import type { BoundAction } from '../expression/syntax.ts';
import type { SizedItem } from '../item-codec.ts';
import { itemSize } from '../item-size.ts';
import type { WriteIntent } from '../item-write.ts';
import {
  checkIndexKeys,
  checkItemKey,
  checkKey,
  checkLiteralIndexKeys,
  checkUpdatedPaths,
} from '../key-rules.ts';
import { ITEM_MAX_BYTES } from '../limits.ts';
import type { TableDefinition } from '../table-definition.ts';
import {
  checkParameterMix,
  rawItem,
  rawValue,
  readExpected,
  readOptionalCondition,
  withPlaceholders,
  type ConditionInput,
  type WireItem,
} from './expression-input.ts';

interface FailureInput {
  readonly ReturnValuesOnConditionCheckFailure?: ReturnValuesOnConditionCheckFailure | undefined;
}

export interface PutInput extends ConditionInput, FailureInput {
  readonly Item?: WireItem | undefined;
}

export interface KeyedInput extends ConditionInput, FailureInput {
  readonly Key?: WireItem | undefined;
}

export interface UpdateInput extends KeyedInput {
  readonly UpdateExpression?: string | undefined;
  readonly AttributeUpdates?: Record<string, AttributeValueUpdate> | undefined;
}

/** An item to store: its values checked, its size counted. */
export function readNewItem(input: WireItem | undefined): SizedItem {
  const item = readItem(rawItem(input), invalid);
  const size = itemSize(item);
  if (size > ITEM_MAX_BYTES) throw invalid('Item size has exceeded the maximum allowed size');
  return { item, size };
}

export function readKey(key: WireItem | undefined): Item {
  return readItem(rawItem(key), invalid);
}

/** @param checkMore checks that AWS makes between those of the item and those of the condition. */
export function readPut(input: PutInput, checkMore?: () => void): WriteIntent {
  const { ConditionExpression, Expected } = input;
  checkParameterMix(input, { ConditionExpression }, { Expected });
  const read = readItem(rawItem(input.Item), invalid);
  checkMore?.();
  const size = itemSize(read);
  if (size > ITEM_MAX_BYTES) throw invalid('Item size has exceeded the maximum allowed size');
  return { kind: 'put', item: { item: read, size }, ...readGuard(input) };
}

export function readDelete(input: KeyedInput, checkMore?: () => void): WriteIntent {
  const { ConditionExpression, Expected } = input;
  checkParameterMix(input, { ConditionExpression }, { Expected });
  const key = readKey(input.Key);
  checkMore?.();
  return { kind: 'delete', key, ...readGuard(input) };
}

export function readCheck(input: KeyedInput): WriteIntent {
  const key = readKey(input.Key);
  return { kind: 'check', key, ...readGuard(input) };
}

/** The condition of a write and what to tell when it fails. */
function readGuard(
  input: ConditionInput & FailureInput,
): Pick<WriteIntent, 'condition' | 'returnOnFailure'> {
  const expected = readExpected(input);
  const condition = withPlaceholders(input, (placeholders) =>
    readOptionalCondition(input.ConditionExpression, placeholders),
  );
  return {
    condition: condition ?? expected,
    returnOnFailure: input.ReturnValuesOnConditionCheckFailure === 'ALL_OLD',
  };
}

export function readUpdateIntent(
  input: UpdateInput,
  { countsActions }: { readonly countsActions: boolean },
): WriteIntent & { readonly kind: 'update' } {
  const { UpdateExpression, ConditionExpression, AttributeUpdates, Expected } = input;
  checkParameterMix(
    input,
    { UpdateExpression, ConditionExpression },
    { AttributeUpdates, Expected },
  );
  const key = readKey(input.Key);
  const legacy = readAttributeUpdates(AttributeUpdates ?? {});
  const expected = readExpected(input);
  const { actions, condition } = withPlaceholders(input, (placeholders) => ({
    actions: UpdateExpression === undefined ? legacy : readUpdate(UpdateExpression, placeholders),
    condition: readOptionalCondition(ConditionExpression, placeholders),
  }));
  return {
    kind: 'update',
    key,
    actions,
    condition: condition ?? expected,
    returnOnFailure: input.ReturnValuesOnConditionCheckFailure === 'ALL_OLD',
    countsActions,
  };
}

function readAttributeUpdates(updates: Record<string, AttributeValueUpdate>): BoundAction[] {
  return Object.entries(updates).map(([attribute, { Action, Value }]) =>
    readAttributeUpdate(attribute, {
      action: Action,
      value: Value === undefined ? undefined : rawValue(Value),
    }),
  );
}

/** What the table demands of the write, as far as the item itself does not matter. */
export function checkIntent(table: TableDefinition, intent: WriteIntent): void {
  switch (intent.kind) {
    case 'put':
      checkItemKey(table, intent.item.item);
      checkIndexKeys(table, intent.item.item);
      break;
    case 'update':
      checkKey(table, intent.key);
      checkUpdatedPaths(
        table,
        intent.actions.map((action) => action.path),
      );
      checkLiteralIndexKeys(table, intent.actions);
      break;
    case 'delete':
    case 'check':
      checkKey(table, intent.key);
      break;
    default:
      unreachable(intent);
  }
}

/** A start key of Query or Scan. AWS: says of a bad value that the start key is bad. */
export function readStartKey(key: WireItem | undefined): Item | undefined {
  if (key === undefined) return undefined;
  const complain = (problem: string): ReturnType<typeof invalid> =>
    invalid(`The provided starting key is invalid: ${problem}`);
  const read: Record<string, ReturnType<typeof readValue>> = {};
  for (const [name, value] of Object.entries(key))
    read[name] = readValue(rawValue(value), complain);
  return read;
}
