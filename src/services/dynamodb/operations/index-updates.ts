// The index part of UpdateTable: one global index comes or goes at a time, others change capacity.
import type { GlobalSecondaryIndexUpdate } from '@aws-sdk/client-dynamodb';
import type { Tx } from '../../../base/store.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf } from '../../../models/operations.ts';
import { invalid, invalidParameter, limitExceeded, resourceNotFound } from '../errors.ts';
import { GLOBAL_INDEXES_MAX } from '../limits.ts';
import { schedulePurge } from '../purge.ts';
import type { IndexDefinition, TableDefinition } from '../table-definition.ts';
import { checkIndexThroughput, checkNewGlobalIndex, checkProjectedCount } from '../table-rules.ts';
import { scheduleIndexFill } from '../workers.ts';
import type { Phase } from './describe-table.ts';
import { defineIndex, readAttributes, readIndex, readUnits, unitSettings } from './tables.ts';
import { changeThroughput } from './throughput.ts';

type UpdateInput = InputOf<'dynamodb', 'UpdateTable'>;

/** AWS: checks in this order. dynalite, validations/updateTable */
export function checkIndexUpdates(updates: readonly GlobalSecondaryIndexUpdate[]): void {
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
    throw oneAtATime();
  }
}

function oneAtATime(): Error {
  return limitExceeded(
    'Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table',
  );
}

/** AWS: while an index is being filled it may be deleted, but no other may come or go. */
export function checkFilling(table: TableDefinition, input: UpdateInput): void {
  const filling = table.indexes.find(({ backfilling }) => backfilling);
  if (filling === undefined) return;
  for (const { Create, Delete } of input.GlobalSecondaryIndexUpdates ?? []) {
    if (Create !== undefined) throw oneAtATime();
    if (Delete !== undefined && Delete.IndexName !== filling.name) throw oneAtATime();
  }
}

export interface IndexChange {
  readonly table: TableDefinition;
  readonly update: GlobalSecondaryIndexUpdate;
  readonly input: UpdateInput;
  readonly phases: Map<string, Phase>;
}

export function changeIndex(tx: Tx, ctx: RequestContext, options: IndexChange): TableDefinition {
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
    throughput = changeThroughput(index.throughput, requested, {
      nowMs: ctx.nowMs,
      indexName: index.name,
    });
  }
  phases.set(index.name, 'UPDATING');
  const changed = { ...index, throughput, ...unitSettings(Update ?? {}) };
  return { ...table, indexes: table.indexes.map((other) => (other === index ? changed : other)) };
}

/** A table that became provisioned needs capacity for each of its global indexes too. */
export function checkProvisioned({ billingMode, indexes }: TableDefinition): void {
  if (billingMode !== 'PROVISIONED') return;
  for (const { name, global, throughput } of indexes) {
    if (global && throughput.readUnits === 0) {
      checkIndexThroughput({ name, throughput: undefined }, billingMode);
    }
  }
}
