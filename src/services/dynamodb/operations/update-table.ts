// UpdateTable: throughput, billing, indexes and the other settings.
import type { GlobalSecondaryIndexUpdate, TableDescription } from '@aws-sdk/client-dynamodb';
import type { Tx } from '../../../base/store.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import {
  invalid,
  invalidParameter,
  limitExceeded,
  resourceNotFound,
  tableInUse,
  unsupported,
} from '../errors.ts';
import { GLOBAL_INDEXES_MAX } from '../limits.ts';
import { readTableName } from '../rules.ts';
import { saveTable, type TableHandle } from '../store.ts';
import {
  keyNames,
  type IndexDefinition,
  type KeyAttribute,
  type TableDefinition,
  type Throughput,
} from '../table-definition.ts';
import {
  checkIndexThroughput,
  checkNewGlobalIndex,
  checkProjectedCount,
  checkTableThroughput,
  type RequestedIndex,
} from '../table-rules.ts';
import { schedulePurge } from '../purge.ts';
import { scheduleIndexFill } from '../workers.ts';
import { describeTable, type Phase } from './describe-table.ts';
import { measureTable } from './measure.ts';
import {
  defineIndex,
  NO_UNITS,
  readAttributes,
  readIndex,
  readUnits,
  unitSettings,
} from './tables.ts';
import { requireNamedTable } from './require-table.ts';
import { changeStream, checkStreamAlone } from './stream-settings.ts';

type UpdateInput = InputOf<'dynamodb', 'UpdateTable'>;

export async function updateTable(
  input: UpdateInput,
  ctx: RequestContext,
): Promise<OutputOf<'dynamodb', 'UpdateTable'>> {
  const name = readTableName(input.TableName, ctx);
  refuseUnsupported(input);
  checkSomething(input);
  checkStreamAlone(input);
  checkIndexUpdates(input.GlobalSecondaryIndexUpdates ?? []);
  const { table, phases } = await ctx.store.transact((tx) => change(tx, ctx, { name, input }));
  const measure = await measureTable(ctx, table);
  const description: TableDescription = describeTable(table.definition, {
    phase: 'UPDATING',
    measure,
    nowMs: ctx.nowMs,
    indexPhases: phases,
  });
  return { TableDescription: description };
}

function refuseUnsupported(input: UpdateInput): void {
  if (
    input.ReplicaUpdates !== undefined ||
    input.GlobalTableWitnessUpdates !== undefined ||
    input.MultiRegionConsistency !== undefined ||
    input.GlobalTableSettingsReplicationMode !== undefined ||
    input.DisassociationProtectionEnabled !== undefined
  ) {
    throw unsupported('ReplicaUpdates', 'global tables come later');
  }
  if (input.VectorIndexUpdates !== undefined) {
    throw unsupported('VectorIndexUpdates', 'vector indexes come later');
  }
}

function checkSomething(input: UpdateInput): void {
  const { TableName: _name, AttributeDefinitions: _attributes, ...changes } = input;
  const { GlobalSecondaryIndexUpdates: updates, ...others } = changes;
  const changing = Object.values(others).some((value) => value !== undefined);
  if (changing || (updates !== undefined && updates.length > 0)) return;
  throw invalid(
    'At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates or SSESpecification or ReplicaUpdates is required',
  );
}

/** AWS: checks in this order. dynalite, validations/updateTable */
function checkIndexUpdates(updates: readonly GlobalSecondaryIndexUpdate[]): void {
  const names = new Set<string>();
  for (const { Update, Create, Delete } of updates) {
    const change = Update ?? Create ?? Delete;
    if (change === undefined) {
      throw invalidParameter(
        'One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, GlobalSecondaryIndexUpdate.Delete must not be null',
      );
    }
    const name = change.IndexName ?? '';
    if (names.has(name)) {
      throw invalidParameter(
        `Only one global secondary index update per index is allowed simultaneously. Index: ${name}`,
      );
    }
    names.add(name);
  }
  const made = updates.filter(({ Create, Delete }) => Create !== undefined || Delete !== undefined);
  if (made.length > 1) {
    throw limitExceeded(
      'Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table',
    );
  }
}

interface Changed {
  readonly table: TableHandle;
  readonly phases: ReadonlyMap<string, Phase>;
}

async function change(
  tx: Tx,
  ctx: RequestContext,
  { name, input }: { readonly name: string; readonly input: UpdateInput },
): Promise<Changed> {
  const { definition } = await requireNamedTable(tx, ctx, name);
  if (
    input.GlobalSecondaryIndexUpdates !== undefined &&
    definition.indexes.some((i) => i.backfilling)
  ) {
    throw tableInUse(
      `Attempt to change a resource which is still in use: Table is being updated: ${name}`,
    );
  }
  const settled = changeSettings(changeBilling(definition, input, ctx.nowMs), input, ctx.nowMs);
  const phases = new Map<string, Phase>();
  let changed = settled;
  for (const update of input.GlobalSecondaryIndexUpdates ?? []) {
    changed = changeIndex(tx, ctx, { table: changed, update, input, phases });
  }
  checkProvisioned(changed);
  changed = await changeStream(tx, ctx, { table: changed, wanted: input.StreamSpecification });
  const attributes = usedAttributes(changed, input);
  return { table: saveTable(tx, { ...changed, attributes }), phases };
}

/** Attributes that are keys of something, as defined before or in this request. */
function usedAttributes(table: TableDefinition, input: UpdateInput): KeyAttribute[] {
  const known = new Map<string, KeyAttribute>();
  for (const attribute of [...table.attributes, ...readAttributes(input.AttributeDefinitions)]) {
    if (!known.has(attribute.name)) known.set(attribute.name, attribute);
  }
  const used = new Set([table.key, ...table.indexes.map((index) => index.key)].flatMap(keyNames));
  return [...known.values()].filter(({ name }) => used.has(name));
}

function changeBilling(table: TableDefinition, input: UpdateInput, nowMs: number): TableDefinition {
  const billingMode = input.BillingMode ?? table.billingMode;
  const requested = readUnits(input.ProvisionedThroughput);
  const switched = billingMode !== table.billingMode;
  if (!switched) {
    if (requested === undefined) return table;
    checkTableThroughput(billingMode, requested);
    return { ...table, throughput: changeThroughput(table.throughput, requested, nowMs) };
  }
  checkTableThroughput(billingMode, requested);
  if (billingMode === 'PROVISIONED') {
    return { ...table, billingMode, throughput: { ...NO_UNITS, ...requested } };
  }
  const indexes = table.indexes.map((index) => ({ ...index, throughput: NO_UNITS }));
  return { ...table, billingMode, throughput: NO_UNITS, indexes, onDemandSinceMs: nowMs };
}

function changeThroughput(
  current: Throughput,
  requested: NonNullable<RequestedIndex['throughput']>,
  nowMs: number,
): Throughput {
  const more = requested.readUnits > current.readUnits || requested.writeUnits > current.writeUnits;
  const less = requested.readUnits < current.readUnits || requested.writeUnits < current.writeUnits;
  if (!more && !less) {
    throw invalid(
      `The provisioned throughput for the table will not change. The requested value equals the current value. Current ReadCapacityUnits provisioned for the table: ${current.readUnits}. Requested ReadCapacityUnits: ${requested.readUnits}. Current WriteCapacityUnits provisioned for the table: ${current.writeUnits}. Requested WriteCapacityUnits: ${requested.writeUnits}. Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits.`,
    );
  }
  return {
    ...current,
    ...requested,
    ...(more ? { lastIncreaseMs: nowMs } : {}),
    ...(less ? { lastDecreaseMs: nowMs, decreases: countDecreases(current, nowMs) } : {}),
  };
}

const DAY_MS = 86_400_000;

function countDecreases({ lastDecreaseMs, decreases = 0 }: Throughput, nowMs: number): number {
  const sameDay =
    lastDecreaseMs !== undefined &&
    Math.floor(lastDecreaseMs / DAY_MS) === Math.floor(nowMs / DAY_MS);
  return sameDay ? decreases + 1 : 1;
}

function changeSettings(
  table: TableDefinition,
  input: UpdateInput,
  nowMs: number,
): TableDefinition {
  const sse = input.SSESpecification;
  return {
    ...table,
    ...unitSettings(input),
    ...(input.TableClass === undefined
      ? {}
      : { tableClass: input.TableClass, tableClassChangedMs: nowMs }),
    ...(input.DeletionProtectionEnabled === undefined
      ? {}
      : { deletionProtected: input.DeletionProtectionEnabled }),
    ...(sse?.Enabled === undefined ? {} : { encrypted: sse.Enabled }),
    ...(sse?.KMSMasterKeyId === undefined ? {} : { encryptionKeyId: sse.KMSMasterKeyId }),
  };
}

interface IndexChange {
  readonly table: TableDefinition;
  readonly update: GlobalSecondaryIndexUpdate;
  readonly input: UpdateInput;
  readonly phases: Map<string, Phase>;
}

function changeIndex(tx: Tx, ctx: RequestContext, options: IndexChange): TableDefinition {
  const { Create, Delete } = options.update;
  if (Create !== undefined) return createIndex(tx, ctx, options);
  return Delete === undefined ? updateIndex(ctx, options) : deleteIndex(tx, ctx, options);
}

function createIndex(
  tx: Tx,
  ctx: RequestContext,
  { table, update, input, phases }: IndexChange,
): TableDefinition {
  const { Create } = update;
  if (Create === undefined) return table;
  const index = readIndex({ ...Create, ProvisionedThroughput: Create.ProvisionedThroughput }, true);
  // AWS: the key's attributes must be among this request's definitions. nubo-db/dynoxide#144
  const attributes = readAttributes(input.AttributeDefinitions);
  checkNewGlobalIndex(index, { attributes, billingMode: table.billingMode });
  if (table.indexes.some(({ name }) => name === index.name)) {
    throw invalid('Attempting to create an index which already exists');
  }
  if (table.indexes.filter(({ global }) => global).length >= GLOBAL_INDEXES_MAX) {
    throw invalidParameter(
      `GlobalSecondaryIndex count exceeds the per-table limit of ${GLOBAL_INDEXES_MAX}`,
    );
  }
  const projected = table.indexes.map(({ projection }) => ({
    nonKeyAttributes: projection.attributes,
  }));
  checkProjectedCount([...projected, index]);
  const number = table.nextIndexNumber;
  const added = defineIndex(index, { number, attributes, given: Create, backfilling: true });
  scheduleIndexFill(tx, ctx, { tableName: table.name, tableId: table.id, indexNumber: number });
  phases.set(index.name, 'CREATING');
  return { ...table, indexes: [...table.indexes, added], nextIndexNumber: number + 1 };
}

function findGlobalIndex(table: TableDefinition, name: string | undefined): IndexDefinition {
  const index = table.indexes.find((candidate) => candidate.global && candidate.name === name);
  if (index === undefined) throw resourceNotFound();
  return index;
}

function deleteIndex(tx: Tx, ctx: RequestContext, { table, update }: IndexChange): TableDefinition {
  const index = findGlobalIndex(table, update.Delete?.IndexName);
  schedulePurge(tx, ctx, { kind: 'entries', tableId: table.id, index: index.number });
  return { ...table, indexes: table.indexes.filter((other) => other !== index) };
}

function updateIndex(ctx: RequestContext, { table, update, phases }: IndexChange): TableDefinition {
  const { Update } = update;
  const index = findGlobalIndex(table, Update?.IndexName);
  const requested = readUnits(Update?.ProvisionedThroughput);
  let { throughput } = index;
  if (requested !== undefined) {
    checkIndexThroughput({ name: index.name, throughput: requested }, table.billingMode);
    throughput = changeThroughput(index.throughput, requested, ctx.nowMs);
  }
  phases.set(index.name, 'UPDATING');
  const changed = { ...index, throughput, ...unitSettings(Update ?? {}) };
  return { ...table, indexes: table.indexes.map((other) => (other === index ? changed : other)) };
}

/** A table that became provisioned needs capacity for each of its global indexes too. */
function checkProvisioned({ billingMode, indexes }: TableDefinition): void {
  if (billingMode !== 'PROVISIONED') return;
  for (const { name, global, throughput } of indexes) {
    if (global && throughput.readUnits === 0) {
      checkIndexThroughput({ name, throughput: undefined }, billingMode);
    }
  }
}
