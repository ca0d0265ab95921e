// The life of a table's stream: enabled, rolled from shard to shard, disabled, removed a day later.
import type { Tx } from '../../../base/store.ts';
import type { Scope, WorkContext } from '../../../kernel/context.ts';
import type { TimerWorker } from '../../../kernel/service.ts';
import { streamTopic } from '../../../kernel/stream-topic.ts';
import { forgetPolicy } from '../policy/store.ts';
import { loadTable, saveTable, tablePrefix } from '../store.ts';
import { streamArn, type StreamViewType, type TableDefinition } from '../table-definition.ts';
import { describeChange, type Images } from './change.ts';
import { RETENTION_MS, SHARD_PERIOD_MS } from './limits.ts';
import {
  appendChange,
  deleteStream,
  forgetShard,
  listShards,
  loadStream,
  markShard,
  purgeStream,
  saveStream,
  trimChanges,
  type StreamPlace,
} from './store.ts';

/** Rows one transaction takes on: small enough not to hold others up. */
const CHUNK_ROWS = 200;

const ROLL = 'dynamodb/roll-shard';
const REMOVE = 'dynamodb/remove-stream';

export const streamWorkers: Readonly<Record<string, TimerWorker>> = {
  [ROLL]: rollShard,
  [REMOVE]: removeStream,
};

/** The table with a new stream. */
export async function openStream(
  tx: Tx,
  context: WorkContext,
  { table, viewType }: { readonly table: TableDefinition; readonly viewType: StreamViewType },
): Promise<TableDefinition> {
  const nowMs = context.clock.now();
  const number = table.nextStreamNumber ?? 0;
  const label = await freeLabel(tx, context, { tableName: table.name, nowMs });
  const stream = { number, label, viewType, shard: 0, shardOpenedMs: nowMs };
  const place = { tableName: table.name, tableId: table.id, number, label };
  saveStream(tx, table, {
    ...place,
    arn: streamArn(table, label),
    viewType,
    key: table.key,
    createdMs: nowMs,
  });
  markShard(tx, table, { place, shard: 0, mark: { event: 'opened', atMs: nowMs } });
  scheduleRoll(tx, context, { place, dueMs: nowMs + SHARD_PERIOD_MS });
  return { ...table, stream, latestStreamLabel: label, nextStreamNumber: number + 1 };
}

/**
 * The time as the stream's label. Time may stand still: a label that is taken, by this table or an
 * earlier one of its name, moves on by a millisecond.
 */
async function freeLabel(
  tx: Tx,
  scope: Scope,
  { tableName, nowMs }: { readonly tableName: string; readonly nowMs: number },
): Promise<string> {
  for (let atMs = nowMs; ; atMs += 1) {
    // AWS: ISO 8601 without the zone, e.g. 2015-05-11T21:21:33.291.
    const label = new Date(atMs).toISOString().slice(0, -1);
    if ((await loadStream(tx, scope, { tableName, label })) === undefined) return label;
  }
}

/** The table without its stream, which stays readable for a day. */
export async function closeStream(
  tx: Tx,
  context: WorkContext,
  table: TableDefinition,
): Promise<TableDefinition> {
  const { stream, ...rest } = table;
  if (stream === undefined) return table;
  const { number, label, shard } = stream;
  const nowMs = context.clock.now();
  const place = { tableName: table.name, tableId: table.id, number, label };
  const record = await loadStream(tx, table, place);
  if (record !== undefined) saveStream(tx, table, { ...record, disabledMs: nowMs });
  markShard(tx, table, { place, shard, mark: { event: 'closed', atMs: nowMs } });
  await context.timers.cancel(tx, ROLL, rollId(place));
  context.timers.schedule(tx, table, {
    worker: REMOVE,
    dueMs: nowMs + RETENTION_MS,
    payload: place,
  });
  tx.notify(streamTopic(streamArn(table, label)));
  return rest;
}

function rollId({ tableId, number }: StreamPlace): string {
  return `${tableId}/${number}`;
}

function scheduleRoll(
  tx: Tx,
  context: WorkContext,
  { place, dueMs }: { readonly place: StreamPlace; readonly dueMs: number },
): void {
  context.timers.schedule(tx, context, { worker: ROLL, dueMs, id: rollId(place), payload: place });
}

/** Puts a committed write on the table's stream, in the write's own transaction. */
export function recordChange(
  tx: Tx,
  context: WorkContext,
  {
    table,
    images,
    expired,
  }: { readonly table: TableDefinition; readonly images: Images; readonly expired: boolean },
): void {
  const { stream, key } = table;
  if (stream === undefined) return;
  const change = describeChange(images, key, stream.viewType);
  if (change === undefined) return;
  const { number, label, shard } = stream;
  const place = { tableName: table.name, tableId: table.id, number, label };
  appendChange(tx, table, { place, shard, change, atMs: context.clock.now(), expired });
  tx.notify(streamTopic(streamArn(table, label)));
}

/**
 * Closes the shard that takes records and opens its child. Every write reads the table's definition,
 * which this changes: none that is under way can still commit to the old shard.
 */
async function rollShard(payload: unknown, context: WorkContext): Promise<void> {
  const place = payload as StreamPlace;
  const nowMs = context.clock.now();
  await context.store.transact(async (tx) => {
    const table = (await loadTable(tx, context, place.tableName))?.definition;
    const { stream } = table ?? {};
    if (table?.id !== place.tableId || stream?.number !== place.number) return;
    // A step that runs again after a crash may find the shard rolled.
    if (nowMs < stream.shardOpenedMs + SHARD_PERIOD_MS) return;
    const shard = stream.shard + 1;
    markShard(tx, table, { place, shard: stream.shard, mark: { event: 'closed', atMs: nowMs } });
    const mark = { event: 'opened', atMs: nowMs, parentOpenedMs: stream.shardOpenedMs } as const;
    markShard(tx, table, { place, shard, mark });
    saveTable(tx, { ...table, stream: { ...stream, shard, shardOpenedMs: nowMs } });
    scheduleRoll(tx, context, { place, dueMs: nowMs + SHARD_PERIOD_MS });
    tx.notify(streamTopic(streamArn(table, stream.label)));
  });
  await trimStream(context, place, nowMs);
}

/** Removes the records that have aged out, and the shards that held only such. */
async function trimStream(context: WorkContext, place: StreamPlace, nowMs: number): Promise<void> {
  const { store } = context;
  const beforeMs = nowMs - RETENTION_MS;
  const shards = await store.read((view) => listShards(view, context, place));
  for (const { number: shard, closed } of shards) {
    const chunk = { place, shard, beforeMs, limit: CHUNK_ROWS };
    while (await store.transact((tx) => trimChanges(tx, context, chunk)));
    if (closed === undefined || closed.atMs > beforeMs) return;
    await store.transact((tx) => forgetShard(tx, context, { place, shard }));
  }
}

async function removeStream(payload: unknown, context: WorkContext): Promise<void> {
  const place = payload as StreamPlace;
  await context.store.transact(async (tx) => {
    deleteStream(tx, context, place);
    forgetPolicy(tx, { prefix: tablePrefix(context, place.tableId), label: place.label });
  });
  const chunk = { place, limit: CHUNK_ROWS };
  while (await context.store.transact((tx) => purgeStream(tx, context, chunk)));
}
