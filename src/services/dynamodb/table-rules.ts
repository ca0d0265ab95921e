// Checks of table definitions, in AWS's order and words.
import { invalid, invalidParameter, limitExceeded, unsupported } from './errors.ts';
import {
  CAPACITY_UNITS_MAX,
  GLOBAL_INDEXES_MAX,
  LOCAL_INDEXES_MAX,
  PROJECTED_ATTRIBUTES_MAX,
} from './limits.ts';
import type { IndexProjection, KeyAttribute, KeySchema } from './table-definition.ts';

/** A key as a request gives it; nothing about it is certain yet. */
export type KeyElements = readonly { readonly name: string; readonly role: string }[];

export interface RequestedIndex {
  readonly name: string;
  readonly global: boolean;
  readonly key: KeyElements;
  readonly projectionType: string | undefined;
  readonly nonKeyAttributes: readonly string[] | undefined;
  readonly throughput: { readonly readUnits: number; readonly writeUnits: number } | undefined;
}

export interface RequestedTable {
  readonly attributes: readonly KeyAttribute[];
  readonly key: KeyElements;
  /** Undefined when the request does not have the list; empty when it has an empty one. */
  readonly localIndexes: readonly RequestedIndex[] | undefined;
  readonly globalIndexes: readonly RequestedIndex[] | undefined;
  readonly billingMode: 'PROVISIONED' | 'PAY_PER_REQUEST';
  readonly throughput: RequestedIndex['throughput'];
}

/** AWS: checks in this order. dynalite, validations/createTable */
export function checkNewTable(table: RequestedTable): void {
  checkTableThroughput(table.billingMode, table.throughput);
  checkTableKey(table);
  const { localIndexes, globalIndexes } = table;
  const names = new Set<string>();
  if (localIndexes !== undefined) checkLocalIndexes(table, localIndexes, names);
  if (globalIndexes !== undefined) checkGlobalIndexes(table, globalIndexes, names);
  checkAttributesUsed(table);
  checkProjectedCount([...(localIndexes ?? []), ...(globalIndexes ?? [])]);
}

export function checkTableThroughput(
  billingMode: RequestedTable['billingMode'],
  throughput: RequestedIndex['throughput'],
): void {
  if (billingMode === 'PAY_PER_REQUEST') {
    if (throughput === undefined) return;
    throw invalidParameter(
      'Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST',
    );
  }
  if (throughput === undefined) {
    throw invalidParameter(
      'ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED',
    );
  }
  checkUnits(throughput, '');
}

function checkUnits(
  { readUnits, writeUnits }: NonNullable<RequestedIndex['throughput']>,
  suffix: string,
): void {
  if (readUnits > CAPACITY_UNITS_MAX) {
    throw invalid(`Given value ${readUnits} for ReadCapacityUnits is out of bounds${suffix}`);
  }
  if (writeUnits > CAPACITY_UNITS_MAX) {
    throw invalid(`Given value ${writeUnits} for WriteCapacityUnits is out of bounds${suffix}`);
  }
}

function checkTableKey({ attributes, key, localIndexes, globalIndexes }: RequestedTable): void {
  const defined = attributes.map(({ name }) => name);
  const names = key.map(({ name }) => name);
  const [first, second] = names;
  const undefinedKey = names.some((name) => !defined.includes(name));
  // AWS: the same attribute twice counts as one that is not defined when there is no other
  // definition.
  if (names.length === 2 && (undefinedKey || (first === second && defined.length === 1))) {
    throw invalid('Invalid KeySchema: Some index key attribute have no definition');
  }
  if (names.length === 1 && undefinedKey) throw undefinedAttributes(names, defined);
  checkRoles(key);
  if (
    localIndexes === undefined &&
    globalIndexes === undefined &&
    names.length !== defined.length
  ) {
    throw invalidParameter(
      'Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions',
    );
  }
}

function undefinedAttributes(names: readonly string[], defined: readonly string[]): Error {
  return invalidParameter(
    `Some index key attributes are not defined in AttributeDefinitions. Keys: [${names.join(', ')}], AttributeDefinitions: [${defined.join(', ')}]`,
  );
}

function checkRoles(key: KeyElements): void {
  const [first, second] = key;
  if (first !== undefined && first.name === second?.name) {
    throw invalid(
      'Both the Hash Key and the Range Key element in the KeySchema have the same name',
    );
  }
  if (first?.role !== 'HASH') {
    throw invalid('Invalid KeySchema: The first KeySchemaElement is not a HASH key type');
  }
  if (second !== undefined && second.role !== 'RANGE') {
    throw invalid('Invalid KeySchema: The second KeySchemaElement is not a RANGE key type');
  }
}

function checkIndexKey(index: RequestedIndex, attributes: readonly KeyAttribute[]): void {
  const defined = attributes.map(({ name }) => name);
  const names = index.key.map(({ name }) => name);
  if (names.some((name) => !defined.includes(name))) throw undefinedAttributes(names, defined);
  if (names.length > 2) {
    throw unsupported(`KeySchema of index ${index.name}`, 'keys of several attributes come later');
  }
  checkRoles(index.key);
}

function checkLocalIndexes(
  { attributes, key }: RequestedTable,
  indexes: readonly RequestedIndex[],
  names: Set<string>,
): void {
  if (indexes.length === 0) throw invalidParameter('List of LocalSecondaryIndexes is empty');
  if (key.length !== 2) {
    throw invalidParameter(
      'Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex',
    );
  }
  const tableHash = key[0]?.name;
  for (const index of indexes) {
    checkIndexKey(index, attributes);
    if (index.key.length !== 2) {
      throw invalidParameter(`Index KeySchema does not have a range key for index: ${index.name}`);
    }
    const indexHash = index.key[0]?.name;
    if (indexHash !== tableHash) {
      throw invalidParameter(
        `Index KeySchema does not have the same leading hash key as table KeySchema for index: ${index.name}. index hash key: ${indexHash}, table hash key: ${tableHash}`,
      );
    }
    checkProjection(index);
    checkNewName(index, names);
  }
  if (indexes.length > LOCAL_INDEXES_MAX) {
    throw invalidParameter(
      `LocalSecondaryIndex count exceeds the per-table limit of ${LOCAL_INDEXES_MAX}`,
    );
  }
}

function checkGlobalIndexes(
  { attributes, billingMode }: RequestedTable,
  indexes: readonly RequestedIndex[],
  names: Set<string>,
): void {
  if (indexes.length === 0) throw invalidParameter('List of GlobalSecondaryIndexes is empty');
  for (const index of indexes) {
    checkNewGlobalIndex(index, { attributes, billingMode });
    checkNewName(index, names);
  }
  if (indexes.length > GLOBAL_INDEXES_MAX) {
    throw invalidParameter(
      `GlobalSecondaryIndex count exceeds the per-table limit of ${GLOBAL_INDEXES_MAX}`,
    );
  }
}

/** One global index, with a new table or added to one. */
export function checkNewGlobalIndex(
  index: RequestedIndex,
  { attributes, billingMode }: Pick<RequestedTable, 'attributes' | 'billingMode'>,
): void {
  checkIndexKey(index, attributes);
  checkProjection(index);
  checkIndexThroughput(index, billingMode);
}

export function checkIndexThroughput(
  { name, throughput }: Pick<RequestedIndex, 'name' | 'throughput'>,
  billingMode: RequestedTable['billingMode'],
): void {
  if (billingMode === 'PAY_PER_REQUEST') {
    if (throughput === undefined) return;
    throw invalidParameter(
      `ProvisionedThroughput should not be specified for index: ${name} when BillingMode is PAY_PER_REQUEST`,
    );
  }
  if (throughput === undefined) {
    throw invalidParameter(`ProvisionedThroughput is not specified for index: ${name}`);
  }
  checkUnits(throughput, ` for index ${name}`);
}

function checkProjection({ projectionType: type, nonKeyAttributes }: RequestedIndex): void {
  if (type === undefined) throw invalidParameter('Unknown ProjectionType: null');
  if (type === 'INCLUDE' && nonKeyAttributes === undefined) {
    throw invalidParameter(`ProjectionType is ${type}, but NonKeyAttributes is not specified`);
  }
  if (type !== 'INCLUDE' && nonKeyAttributes !== undefined) {
    throw invalidParameter(`ProjectionType is ${type}, but NonKeyAttributes is specified`);
  }
}

function checkNewName({ name }: RequestedIndex, names: Set<string>): void {
  if (names.has(name)) throw invalidParameter(`Duplicate index name: ${name}`);
  names.add(name);
}

/** AWS: with indexes, every defined attribute must be a key of something. */
function checkAttributesUsed({
  attributes,
  key,
  localIndexes,
  globalIndexes,
}: RequestedTable): void {
  const used = new Set<string>();
  for (const elements of [
    key,
    ...[...(localIndexes ?? []), ...(globalIndexes ?? [])].map((i) => i.key),
  ]) {
    for (const { name } of elements) used.add(name);
  }
  const defined = attributes.map(({ name }) => name);
  if (defined.every((name) => used.has(name))) return;
  throw invalidParameter(
    `Some AttributeDefinitions are not used. AttributeDefinitions: [${defined.toSorted().join(', ')}], keys used: [${[...used].toSorted().join(', ')}]`,
  );
}

export function checkProjectedCount(
  indexes: readonly Pick<RequestedIndex, 'nonKeyAttributes'>[],
): void {
  const count = indexes.reduce((sum, index) => sum + (index.nonKeyAttributes?.length ?? 0), 0);
  if (count <= PROJECTED_ATTRIBUTES_MAX) return;
  throw limitExceeded(
    `Subscriber limit exceeded: Total number of projected attributes cannot exceed ${PROJECTED_ATTRIBUTES_MAX} per table`,
  );
}

/** The key of a checked request. */
export function resolveKey(key: KeyElements, attributes: readonly KeyAttribute[]): KeySchema {
  const find = (name: string): KeyAttribute =>
    attributes.find((attribute) => attribute.name === name) ?? { name, type: 'S' };
  const [partition, sort] = key;
  const schema = { partition: find(partition?.name ?? '') };
  return sort === undefined ? schema : { ...schema, sort: find(sort.name) };
}

export function resolveProjection(index: RequestedIndex): IndexProjection {
  const type =
    index.projectionType === 'ALL' || index.projectionType === 'INCLUDE'
      ? index.projectionType
      : 'KEYS_ONLY';
  return { type, attributes: [...(index.nonKeyAttributes ?? [])] };
}
