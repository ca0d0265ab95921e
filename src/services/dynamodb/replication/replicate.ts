// Carries writes to other regions, and fills new replicas.
import type { Key, Tx } from '../../../base/store.ts';
import type { WorkContext } from '../../../kernel/context.ts';
import type { TimerWorker } from '../../../kernel/service.ts';
import { releasePast } from '../backup/backup-life.ts';
import type { PastTable } from '../backup/history.ts';
import { readPast } from '../backup/history-store.ts';
import { BACKUP_TOPIC } from '../backup/store.ts';
import { decodeItem, type SizedItem } from '../item-codec.ts';
import { commitWrite } from '../item-write.ts';
import { getItem, itemPosition, loadTable, saveTable, type TableHandle } from '../store.ts';
import type { TableDefinition } from '../table-definition.ts';
import {
  isLater,
  loadStamp,
  markSenderDone,
  purgeOutbox,
  readOutbox,
  removeSent,
  SEND,
  sweepStamps,
  type SentWrite,
  type Stamp,
} from './outbox.ts';

const FILL = 'dynamodb/fill-replica';
const SWEEP = 'dynamodb/sweep-replica';
const CHUNK_ROWS = 100;
const DAY_MS = 24 * 3600 * 1000;
/** Older than whatever a region wrote itself: what was there before the group. */
const BEFORE_ALL = 0;

export const replicationWorkers: Readonly<Record<string, TimerWorker>> = {
  [SEND]: sendWrites,
  [FILL]: fillReplica,
  [SWEEP]: sweepReplica,
};

interface TablePayload {
  readonly tableName: string;
  readonly tableId: string;
}

async function findTable(
  tx: Tx,
  context: WorkContext,
  { tableName, tableId }: TablePayload,
): Promise<TableHandle | undefined> {
  const table = await loadTable(tx, context, tableName);
  return table?.definition.id === tableId ? table : undefined;
}

/** Sends the outbox, some writes at a time, each to all regions and out of the box at once. */
async function sendWrites(payload: unknown, context: WorkContext): Promise<void> {
  const target = payload as TablePayload;
  for (;;) {
    const writes = await context.store.read(async (view) => {
      const table = await loadTable(view, context, target.tableName);
      return table?.definition.id === target.tableId ? readOutbox(view, table, CHUNK_ROWS) : [];
    });
    const more = await context.store.transact(async (tx): Promise<boolean> => {
      const table = await findTable(tx, context, target);
      if (table === undefined) return false;
      for (const write of writes) await sendWrite(tx, context, { table, write });
      if (writes.length > 0) return true;
      // Whoever writes meanwhile has seen that a timer is set, and conflicts with this.
      if ((await readOutbox(tx, table, 1)).length > 0) return true;
      markSenderDone(tx, table);
      return false;
    });
    if (!more) return;
  }
}

async function sendWrite(
  tx: Tx,
  context: WorkContext,
  { table: { definition }, write }: { readonly table: TableHandle; readonly write: SentWrite },
): Promise<void> {
  const { account, name, replication } = definition;
  for (const { region } of replication?.members ?? []) {
    const replica = await loadTable(tx, { account, region }, name);
    if (replica?.definition.replication === undefined) continue;
    await applyWrite(tx, { ...context, region }, { replica, ...write });
  }
  removeSent(tx, write);
}

/** The last writer wins: an earlier write than the one here is dropped. */
async function applyWrite(
  tx: Tx,
  context: WorkContext,
  {
    replica,
    stamp,
    keys,
    after,
  }: { readonly replica: TableHandle } & Pick<SentWrite, 'stamp' | 'keys' | 'after'>,
): Promise<void> {
  const position = itemPosition(replica.definition, keys);
  const current = await loadStamp(tx, replica, position);
  if (current !== undefined && !isLater(stamp, current)) return;
  const before = await getItem(tx, replica, position);
  const outcome = { position, before, after, writes: true };
  await commitWrite(tx, context, { table: replica, outcome, replicated: stamp });
}

interface FillPayload {
  readonly past: PastTable;
  readonly job: string;
  readonly region: string;
}

/** Copies the table as it was when the replica was asked for; later writes come by the outbox. */
export function scheduleFill(tx: Tx, context: WorkContext, payload: FillPayload): void {
  const { account, region } = payload.past.place;
  context.timers.schedule(
    tx,
    { account, region },
    { worker: FILL, dueMs: context.clock.now(), payload },
  );
}

async function fillReplica(payload: unknown, context: WorkContext): Promise<void> {
  const { past, job, region } = payload as FillPayload;
  const there: WorkContext = { ...context, region };
  for (let from: Key | undefined = []; from !== undefined; ) {
    const options: { point: typeof past.point; from: Key; limit: number } = {
      point: past.point,
      from,
      limit: CHUNK_ROWS,
    };
    const chunk = await context.store.read((view) => readPast(view, past.place, options));
    await there.store.transact(async (tx) => {
      const replica = await loadTable(tx, there, past.tableName);
      if (replica?.definition.id !== job) return;
      for (const { bytes } of chunk.items) await copyItem(tx, there, replica, decodeItem(bytes));
    });
    from = chunk.next;
  }
  await context.store.transact(async (tx) => {
    await releasePast(tx, context, { past, job });
    await activate(tx, context, { tableName: past.tableName, region, replicaId: job });
    tx.notify(BACKUP_TOPIC);
  });
}

async function copyItem(
  tx: Tx,
  context: WorkContext,
  replica: TableHandle,
  after: SizedItem,
): Promise<void> {
  const stamp: Stamp = { atMs: BEFORE_ALL, region: '' };
  await applyWrite(tx, context, { replica, stamp, keys: after.item, after });
}

/** The replica takes requests, and every region knows. */
async function activate(
  tx: Tx,
  { account, region: home }: WorkContext,
  {
    tableName,
    region,
    replicaId,
  }: { readonly tableName: string; readonly region: string; readonly replicaId: string },
): Promise<void> {
  const replica = (await loadTable(tx, { account, region }, tableName))?.definition;
  if (replica?.id !== replicaId) return;
  const { state: _made, ...active } = replica;
  saveTable(tx, active);
  const regions = new Set([home, ...(replica.replication?.members ?? []).map((m) => m.region)]);
  for (const other of regions) {
    const table = (await loadTable(tx, { account, region: other }, tableName))?.definition;
    if (table?.replication === undefined || other === region) continue;
    const members = table.replication.members.map((member) =>
      member.region === region ? { ...member, state: 'ACTIVE' as const } : member,
    );
    saveTable(tx, { ...table, replication: { ...table.replication, members } });
  }
}

/** Looks after a replica's stamps, day by day, until it is one no longer. */
export function scheduleSweep(tx: Tx, context: WorkContext, table: TableDefinition): void {
  const { id: tableId, name: tableName } = table;
  context.timers.schedule(tx, table, {
    worker: SWEEP,
    dueMs: context.clock.now() + DAY_MS,
    id: tableId,
    payload: { tableName, tableId },
  });
}

/** Forgets a replica's stamps and what it had still to send. */
export function scheduleForget(tx: Tx, context: WorkContext, table: TableDefinition): void {
  const { id: tableId, name: tableName } = table;
  context.timers.schedule(tx, table, {
    worker: SWEEP,
    dueMs: context.clock.now(),
    id: tableId,
    payload: { tableName, tableId },
  });
}

async function sweepReplica(payload: unknown, context: WorkContext): Promise<void> {
  const target = payload as TablePayload;
  const { tableId } = target;
  const nowMs = context.clock.now();
  const isReplica = await context.store.read(async (view) => {
    const table = await loadTable(view, context, target.tableName);
    return table?.definition.id === tableId && table.definition.replication !== undefined;
  });
  const goneBeforeMs = isReplica ? nowMs - DAY_MS : undefined;
  let from: Key | undefined;
  do {
    const start = from;
    from = await context.store.transact((tx) =>
      sweepStamps(tx, context, { tableId, from: start, goneBeforeMs, limit: CHUNK_ROWS }),
    );
  } while (from !== undefined);
  if (!isReplica) {
    const chunk = { tableId, limit: CHUNK_ROWS };
    while (await context.store.transact((tx) => purgeOutbox(tx, context, chunk)));
    return;
  }
  await context.store.transact(async (tx) => {
    const table = await findTable(tx, context, target);
    if (table !== undefined) scheduleSweep(tx, context, table.definition);
  });
}
