// Keeps secondary indexes in step with items: which entries a write adds, changes and removes.
import {
  attributeOf,
  equalItems,
  equalValues,
  setAttribute,
  type AttributeValue,
  type Item,
} from './attribute-value.ts';
import { writeUnits, type Consumption } from './capacity.ts';
import type { SizedItem } from './item-codec.ts';
import { itemSize } from './item-size.ts';
import {
  keyNames,
  projectedNames,
  type IndexDefinition,
  type TableDefinition,
} from './table-definition.ts';

/** What a write does to one index; the store turns it into rows. */
interface EntryChange {
  readonly index: IndexDefinition;
  /** The item whose entry goes away. */
  readonly remove: Item | undefined;
  readonly put: SizedItem | undefined;
}

export interface IndexChanges {
  readonly changes: readonly EntryChange[];
  readonly consumed: Pick<Consumption, 'localIndexes' | 'globalIndexes'>;
}

/** The part of an item an index holds; undefined when it lacks a key attribute (a sparse index). */
export function indexEntry(
  table: TableDefinition,
  index: IndexDefinition,
  { item, size }: SizedItem,
): SizedItem | undefined {
  if (keyNames(index.key).some((name) => attributeOf(item, name) === undefined)) return undefined;
  const names = projectedNames(table, index);
  if (names === undefined) return { item, size };
  const entry: Record<string, AttributeValue> = {};
  for (const name of names) {
    const value = attributeOf(item, name);
    if (value !== undefined) setAttribute(entry, name, value);
  }
  return { item: entry, size: itemSize(entry) };
}

/**
 * AWS: an index is charged only when what it holds changes; a moved entry is a removal and an
 * addition. nubo-db/dynamodb-conformance, tests/tier1/putItem/indexConsumedCapacity.test.ts
 */
export function planIndexChanges(
  table: TableDefinition,
  before: SizedItem | undefined,
  after: SizedItem | undefined,
): IndexChanges {
  const changes: EntryChange[] = [];
  const units = { local: {} as Record<string, number>, global: {} as Record<string, number> };
  for (const index of table.indexes) {
    const oldEntry = before === undefined ? undefined : indexEntry(table, index, before);
    const newEntry = after === undefined ? undefined : indexEntry(table, index, after);
    const amount = planChange(index, { oldEntry, newEntry, changes });
    if (amount > 0) units[index.global ? 'global' : 'local'][index.name] = amount;
  }
  return { changes, consumed: { localIndexes: units.local, globalIndexes: units.global } };
}

/** Adds the change, if any, and returns its units. */
function planChange(
  index: IndexDefinition,
  {
    oldEntry,
    newEntry,
    changes,
  }: {
    readonly oldEntry: SizedItem | undefined;
    readonly newEntry: SizedItem | undefined;
    readonly changes: EntryChange[];
  },
): number {
  if (oldEntry === undefined && newEntry === undefined) return 0;
  if (oldEntry === undefined || newEntry === undefined) {
    changes.push({ index, remove: oldEntry?.item, put: newEntry });
    return writeUnits(oldEntry?.size ?? 0, newEntry?.size ?? 0);
  }
  if (sameKey(index, oldEntry.item, newEntry.item)) {
    if (equalItems(oldEntry.item, newEntry.item)) return 0;
    changes.push({ index, remove: undefined, put: newEntry });
    return writeUnits(oldEntry.size, newEntry.size);
  }
  changes.push({ index, remove: oldEntry.item, put: newEntry });
  return writeUnits(oldEntry.size, 0) + writeUnits(0, newEntry.size);
}

function sameKey(index: IndexDefinition, a: Item, b: Item): boolean {
  return keyNames(index.key).every((name) => {
    const [x, y] = [attributeOf(a, name), attributeOf(b, name)];
    return x !== undefined && y !== undefined && equalValues(x, y);
  });
}
