// INSERT, UPDATE and DELETE as the writes of items they are.
import { unreachable } from '../../../base/errors.ts';
import { invalid } from '../errors.ts';
import { planProjection, projectItem } from '../expression/project.ts';
import type { BoundCondition } from '../expression/syntax.ts';
import type { Item } from '../attribute-value.ts';
import type { WriteIntent, WriteOutcome } from '../item-write.ts';
import { itemSize } from '../item-size.ts';
import { ITEM_MAX_BYTES } from '../limits.ts';
import { joinConditions } from '../partiql/key-terms.ts';
import { findItem, type SingleItem } from '../partiql/single-item.ts';
import type {
  DeleteStatement,
  InsertStatement,
  UpdateStatement,
  WriteStatement,
} from '../partiql/statement.ts';
import type { TableDefinition } from '../table-definition.ts';

export interface WritePlan {
  readonly intent: WriteIntent;
  /** Undefined for INSERT, whose item holds its key. */
  readonly target: SingleItem | undefined;
}

/** What a statement does to one item of the table. */
export function planWrite(
  statement: WriteStatement,
  table: TableDefinition,
  returnOnFailure: boolean,
): WritePlan {
  switch (statement.kind) {
    case 'insert':
      return { intent: planInsert(statement), target: undefined };
    case 'update':
      return planUpdate(statement, table, returnOnFailure);
    case 'delete':
      return planDelete(statement, table, returnOnFailure);
    default:
      return unreachable(statement);
  }
}

function planInsert({ item }: InsertStatement): WriteIntent {
  const size = itemSize(item);
  if (size > ITEM_MAX_BYTES) throw invalid('Item size has exceeded the maximum allowed size');
  const sized = { item, size };
  return { kind: 'put', item: sized, insert: true, condition: undefined, returnOnFailure: false };
}

/** AWS: UPDATE never makes an item. */
function planUpdate(
  { where, actions }: UpdateStatement,
  table: TableDefinition,
  returnOnFailure: boolean,
): WritePlan {
  const target = findItem(where, table.key, { allowsIn: false });
  const present = itemExists(table);
  const condition = target.rest === undefined ? present : join('and', present, target.rest);
  return {
    target,
    intent: {
      kind: 'update',
      key: target.key,
      actions,
      condition,
      returnOnFailure,
      countsActions: false,
    },
  };
}

/** AWS: a DELETE of what is not there succeeds, whatever its condition. */
function planDelete(
  { where }: DeleteStatement,
  table: TableDefinition,
  returnOnFailure: boolean,
): WritePlan {
  const target = findItem(where, table.key, { allowsIn: false });
  const { rest, key } = target;
  const absent: BoundCondition = { kind: 'not', condition: itemExists(table) };
  const condition = rest === undefined ? undefined : join('or', absent, rest);
  return { target, intent: { kind: 'delete', key, condition, returnOnFailure } };
}

function itemExists({ key }: TableDefinition): BoundCondition {
  const path = [key.partition.name];
  return { kind: 'call', name: 'attribute_exists', args: [{ kind: 'path', path }] };
}

function join(kind: 'and' | 'or', left: BoundCondition, right: BoundCondition): BoundCondition {
  return joinConditions(kind, [left, right]) ?? left;
}

/** What RETURNING asks for; undefined when that is nothing. */
export function returnedItem(statement: WriteStatement, outcome: WriteOutcome): Item | undefined {
  if (statement.kind === 'insert') return undefined;
  const { before, after } = outcome;
  switch (statement.returning) {
    case 'all_old':
      return before?.item;
    case 'all_new':
      return after?.item;
    case 'modified_old':
      return modified(statement, before?.item);
    case 'modified_new':
      return modified(statement, after?.item);
    case undefined:
      return undefined;
    default:
      return unreachable(statement.returning);
  }
}

function modified(
  statement: UpdateStatement | DeleteStatement,
  item: Item | undefined,
): Item | undefined {
  if (statement.kind !== 'update' || item === undefined) return undefined;
  const paths = statement.actions.map((action) => action.path);
  const projected = projectItem(planProjection(paths), item);
  return Object.keys(projected).length === 0 ? undefined : projected;
}
