// Checks of keys against a table: what items and lookups must have, and what key attributes may
// hold.
import { attributeOf, typeOf, type AttributeValue, type Item } from './attribute-value.ts';
import { invalid, invalidParameter, keyMismatch } from './errors.ts';
import { checkNotEmpty, emptyKind } from './expression/key-condition.ts';
import type { BoundAction, Path } from './expression/syntax.ts';
import { PARTITION_KEY_MAX_BYTES, SORT_KEY_MAX_BYTES } from './limits.ts';
import {
  keyNames,
  type IndexDefinition,
  type KeyAttribute,
  type KeySchema,
  type TableDefinition,
} from './table-definition.ts';

/** The key attributes of a whole item about to be put. */
export function checkItemKey(table: TableDefinition, item: Item): void {
  forEachKeyAttribute(table.key, (attribute, role) => {
    const value = attributeOf(item, attribute.name);
    if (value === undefined)
      throw invalidParameter(`Missing the key ${attribute.name} in the item`);
    if (!(attribute.type in value)) {
      throw invalidParameter(
        `Type mismatch for key ${attribute.name} expected: ${attribute.type} actual: ${typeOf(value)}`,
      );
    }
    checkNotEmpty(attribute.name, value);
    checkKeyLength(value, role);
  });
}

/** A key that looks an item up: exactly the table's key attributes. */
export function checkKey(table: TableDefinition, key: Item): void {
  if (Object.keys(key).length !== keyNames(table.key).length) throw keyMismatch();
  checkKeyAttributes(table.key, key);
}

/** Key attributes given as in a lookup, whatever else is there. */
export function checkKeyAttributes(schema: KeySchema, key: Item): void {
  forEachKeyAttribute(schema, (attribute, role) => {
    const value = attributeOf(key, attribute.name);
    if (value === undefined || !(attribute.type in value)) throw keyMismatch();
    checkNotEmpty(attribute.name, value);
    checkKeyLength(value, role);
  });
}

type KeyRole = 'partition' | 'sort';

function forEachKeyAttribute(
  { partition, sort }: KeySchema,
  check: (attribute: KeyAttribute, role: KeyRole) => void,
): void {
  check(partition, 'partition');
  if (sort !== undefined) check(sort, 'sort');
}

function checkKeyLength(value: AttributeValue, role: KeyRole): void {
  const length = 'S' in value ? Buffer.byteLength(value.S) : 'B' in value ? value.B.length : 0;
  if (role === 'partition' && length > PARTITION_KEY_MAX_BYTES) {
    // AWS: without the space before the number.
    throw invalidParameter(
      `Size of hashkey has exceeded the maximum size limit of${PARTITION_KEY_MAX_BYTES} bytes`,
    );
  }
  if (role === 'sort' && length > SORT_KEY_MAX_BYTES) {
    throw invalidParameter(
      `Aggregated size of all range keys has exceeded the size limit of ${SORT_KEY_MAX_BYTES} bytes`,
    );
  }
}

/** AWS: names the first index by name of those an attribute is a key of. */
function byName(indexes: readonly IndexDefinition[]): readonly IndexDefinition[] {
  return indexes.length < 2 ? indexes : indexes.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** Attributes of a put item that are keys of indexes. */
export function checkIndexKeys(table: TableDefinition, item: Item): void {
  for (const index of byName(table.indexes)) {
    forEachKeyAttribute(index.key, (attribute, role) => {
      const value = attributeOf(item, attribute.name);
      if (value === undefined) return;
      if (!(attribute.type in value)) throw indexKeyMismatch(index, attribute, value);
      checkNotEmptyIndexKey(index, attribute.name, value);
      checkKeyLength(value, role);
    });
  }
}

/** Attributes that are keys of indexes, after an update. */
export function checkUpdatedIndexKeys(
  table: TableDefinition,
  actions: readonly BoundAction[],
  item: Item,
): void {
  for (const index of byName(table.indexes)) {
    forEachKeyAttribute(index.key, (attribute, role) => {
      const value = attributeOf(item, attribute.name);
      if (value === undefined) return;
      if (!(attribute.type in value)) {
        if (isLiteral(actions, attribute.name)) throw indexKeyMismatch(index, attribute, value);
        throw invalid(
          'The update expression attempted to update the secondary index key to unsupported type',
        );
      }
      const empty = emptyKind(value);
      if (empty !== undefined) throw emptyUpdatedKey(empty);
      checkKeyLength(value, role);
    });
  }
}

/** Throws for empty values of key attributes, whatever else may be wrong with the item or key. */
export function checkNoEmptyKeys(table: TableDefinition, item: Item): void {
  for (const name of keyNames(table.key)) {
    const value = attributeOf(item, name);
    if (value !== undefined) checkNotEmpty(name, value);
  }
}

/** The same for keys of indexes. */
export function checkNoEmptyIndexKeys(table: TableDefinition, item: Item): void {
  for (const index of byName(table.indexes)) {
    for (const name of keyNames(index.key)) {
      const value = attributeOf(item, name);
      if (value !== undefined) checkNotEmptyIndexKey(index, name, value);
    }
  }
}

function checkNotEmptyIndexKey(index: IndexDefinition, name: string, value: AttributeValue): void {
  const empty = emptyKind(value);
  if (empty === undefined) return;
  throw invalid(
    `One or more parameter values are not valid. A value specified for a secondary index key is not supported. The AttributeValue for a key attribute cannot contain an empty ${empty} value. IndexName: ${index.name}, IndexKey: ${name}`,
  );
}

/** An index key set to an empty literal, which can be told before the item is read. */
export function checkLiteralIndexKeys(
  table: TableDefinition,
  actions: readonly BoundAction[],
): void {
  for (const index of table.indexes) {
    for (const name of keyNames(index.key)) {
      for (const action of actions) {
        if (action.kind !== 'set' || action.value.kind !== 'value' || !isAt(action.path, name))
          continue;
        const empty = emptyKind(action.value.value);
        if (empty !== undefined) throw emptyUpdatedKey(empty);
      }
    }
  }
}

function emptyUpdatedKey(empty: string): Error {
  return invalid(
    `One or more parameter values are not valid. The update expression attempted to update a secondary index key to a value that is not supported. The AttributeValue for a key attribute cannot contain an empty ${empty} value.`,
  );
}

function indexKeyMismatch(
  index: IndexDefinition,
  attribute: KeyAttribute,
  value: AttributeValue,
): Error {
  return invalidParameter(
    `Type mismatch for Index Key ${attribute.name} Expected: ${attribute.type} Actual: ${typeOf(value)} IndexName: ${index.name}`,
  );
}

function isLiteral(actions: readonly BoundAction[], name: string): boolean {
  return actions.some((action) => {
    if (!isAt(action.path, name)) return false;
    return action.kind === 'add' || (action.kind === 'set' && action.value.kind === 'value');
  });
}

function isAt(path: Path, name: string): boolean {
  return path.length === 1 && path[0] === name;
}

/** Updates must leave the table's key alone, and treat index keys as whole values. */
export function checkUpdatedPaths(table: TableDefinition, paths: readonly Path[]): void {
  for (const name of keyNames(table.key)) {
    if (paths.some((path) => path[0] === name)) {
      throw invalidParameter(`Cannot update attribute ${name}. This attribute is part of the key`);
    }
  }
  checkScalarPaths(table, paths);
}

/** No path may lead into a key attribute. */
export function checkScalarPaths(table: TableDefinition, paths: readonly Path[]): void {
  const heads = new Set(paths.filter((path) => path.length > 1).map((path) => path[0]));
  if (heads.size === 0) return;
  const complaint =
    "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: ";
  for (const name of keyNames(table.key)) {
    if (heads.has(name)) throw invalid(`${complaint}Key: ${name}`);
  }
  for (const index of table.indexes) {
    for (const name of keyNames(index.key)) {
      if (heads.has(name)) throw invalid(`${complaint}IndexKey: ${name}`);
    }
  }
}
