// Changes of a global table: regions join it, change what they have of their own, and leave.
import { formatArn } from '../../../base/arn.ts';
import { randomUuid } from '../../../base/random.ts';
import type { Tx } from '../../../base/store.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import { pinHistory } from '../backup/history.ts';
import { invalid } from '../errors.ts';
import { loadTable, readStoredItems, saveTable, tablePrefix } from '../store.ts';
import { openStream } from '../streams/life-cycle.ts';
import type {
  IndexDefinition,
  ReplicaMember,
  ReplicaOverrides,
  ReplicationSetting,
  TableDefinition,
} from '../table-definition.ts';
import { alreadyTable, checkGroup, checkNoSource, onlyWhole } from './group-rules.ts';
import type { ReplicaAction, ReplicaRequest } from './replica-request.ts';
import { scheduleFill, scheduleForget, scheduleSweep } from './replicate.ts';

/** What deleting the table of a region takes; operations/delete-table.ts knows. */
export type DeleteRegion = (tx: Tx, ctx: RequestContext, table: TableDefinition) => Promise<void>;

/** The table once its replicas are as the request wants them. */
export async function changeReplicas(
  tx: Tx,
  ctx: RequestContext,
  {
    table,
    request,
    deleteRegion,
  }: {
    readonly table: TableDefinition;
    readonly request: ReplicaRequest;
    readonly deleteRegion: DeleteRegion;
  },
): Promise<TableDefinition> {
  checkGroup(table, request);
  if (request.consistency === 'STRONG') await checkEmpty(tx, table);
  let changed = table;
  for (const action of request.actions) {
    if (action.kind === 'create') {
      changed = await addReplica(tx, ctx, { table: changed, action, request });
    } else if (action.kind === 'delete') {
      changed = await dropReplica(tx, ctx, { table: changed, region: action.region, deleteRegion });
    } else {
      changed = await overrideReplica(tx, ctx, { table: changed, action });
    }
  }
  return changed;
}

/** AWS: only an empty table becomes one. <developer guide, "Multi-Region strong consistency"> */
async function checkEmpty(tx: Tx, table: TableDefinition): Promise<void> {
  const prefix = tablePrefix(table, table.id);
  const items = await readStoredItems(tx, { prefix }, { from: [], limit: 1 });
  if (items.length === 0) return;
  throw invalid(
    'Table must be empty to create a global table with MultiRegionConsistency set to STRONG.',
  );
}

type CreateAction = Extract<ReplicaAction, { kind: 'create' | 'update' }>;

/** Makes the table of a new region; its items follow in the background. */
async function addReplica(
  tx: Tx,
  ctx: RequestContext,
  {
    table,
    action,
    request,
  }: {
    readonly table: TableDefinition;
    readonly action: CreateAction;
    readonly request: ReplicaRequest;
  },
): Promise<TableDefinition> {
  const { region, overrides } = action;
  const { account, name } = table;
  const there = { ...ctx, region };
  if ((await loadTable(tx, there, name)) !== undefined) throw alreadyTable(name);
  // AWS: enables a stream where there is none, and keeps it. DDB-TABLE-305
  const streaming =
    table.stream === undefined
      ? await openStream(tx, ctx, { table, viewType: 'NEW_AND_OLD_IMAGES' })
      : table;
  const tableId = randomUuid(ctx.random);
  const { table: pinned, past } = pinHistory(streaming, { job: tableId });
  const consistency = pinned.replication?.consistency ?? request.consistency ?? 'EVENTUAL';
  const witness = request.witness === undefined ? {} : { witness: request.witness.region };
  const joined: ReplicaMember = {
    region,
    tableId,
    state: 'CREATING',
    overrides,
    copiedMs: ctx.nowMs,
  };
  const others = pinned.replication?.members ?? [];
  const group: ReplicationSetting = {
    ...pinned.replication,
    ...witness,
    consistency,
    members: [...others, joined],
  };
  const home: ReplicaMember = {
    region: table.region,
    tableId: table.id,
    state: 'ACTIVE',
    overrides: {},
  };
  const known = others.map(({ copiedMs: _copied, ...member }) => member);
  const replica = defineReplica(there, {
    source: streaming,
    tableId,
    overrides,
    replication: { consistency, ...witness, members: [home, ...known] },
  });
  const viewType = streaming.stream?.viewType ?? 'NEW_AND_OLD_IMAGES';
  saveTable(tx, await openStream(tx, there, { table: replica, viewType }));
  scheduleSweep(tx, there, replica);
  if (others.length === 0) scheduleSweep(tx, ctx, table);
  for (const { region: other } of others) {
    await tellRegion(tx, { account, region: other, name }, (members) => {
      const { copiedMs: _copied, ...seen } = joined;
      return [...members, seen];
    });
  }
  scheduleFill(tx, ctx, { past, job: tableId, region });
  return { ...pinned, replication: group };
}

function defineReplica(
  { account, region, nowMs }: RequestContext,
  {
    source,
    tableId,
    overrides,
    replication,
  }: {
    readonly source: TableDefinition;
    readonly tableId: string;
    readonly overrides: ReplicaOverrides;
    readonly replication: ReplicationSetting;
  },
): TableDefinition {
  const {
    stream: _stream,
    latestStreamLabel: _label,
    nextStreamNumber: _number,
    history: _history,
    nextHistoryGeneration: _generation,
    recovery: _recovery,
    origin: _origin,
    expiry,
    ...shared
  } = source;
  return {
    ...applyOverrides(shared, overrides),
    region,
    id: tableId,
    arn: formatArn({ service: 'dynamodb', region, account, resource: `table/${source.name}` }),
    createdMs: nowMs,
    indexes: applyIndexOverrides(shared.indexes, overrides),
    deletionProtected: false,
    nextExpiryGeneration: 1,
    ...(expiry === undefined ? {} : { expiry: { attribute: expiry.attribute, generation: 0 } }),
    state: 'CREATING',
    replication,
  };
}

/** The region's table with what it has of its own. */
function applyOverrides<T extends Pick<TableDefinition, 'throughput' | 'indexes'>>(
  table: T,
  overrides: ReplicaOverrides,
): T {
  const { readUnits, maxReadUnits, tableClass, encryptionKeyId } = overrides;
  return {
    ...table,
    indexes: applyIndexOverrides(table.indexes, overrides),
    ...(readUnits === undefined ? {} : { throughput: { ...table.throughput, readUnits } }),
    ...(maxReadUnits === undefined
      ? {}
      : { onDemandLimits: { MaxReadRequestUnits: maxReadUnits } }),
    ...(tableClass === undefined ? {} : { tableClass }),
    ...(encryptionKeyId === undefined ? {} : { encryptionKeyId }),
  };
}

function applyIndexOverrides(
  indexes: readonly IndexDefinition[],
  { indexes: overridden = [] }: ReplicaOverrides,
): IndexDefinition[] {
  return indexes.map((index) => {
    const override = overridden.find(({ name }) => name === index.name);
    if (override === undefined) return index;
    const { readUnits, maxReadUnits } = override;
    return {
      ...index,
      ...(readUnits === undefined ? {} : { throughput: { ...index.throughput, readUnits } }),
      ...(maxReadUnits === undefined
        ? {}
        : { onDemandLimits: { MaxReadRequestUnits: maxReadUnits } }),
    };
  });
}

/** Changes what the table of a region knows of its group. */
async function tellRegion(
  tx: Tx,
  { account, region, name }: { account: string; region: string; name: string },
  change: (members: readonly ReplicaMember[]) => ReplicaMember[],
): Promise<void> {
  const table = (await loadTable(tx, { account, region }, name))?.definition;
  if (table?.replication === undefined) return;
  const members = change(table.replication.members);
  saveTable(tx, { ...table, replication: { ...table.replication, members } });
}

async function overrideReplica(
  tx: Tx,
  ctx: RequestContext,
  { table, action }: { readonly table: TableDefinition; readonly action: CreateAction },
): Promise<TableDefinition> {
  const { region, overrides } = action;
  const { account, name, replication } = table;
  const replica = (await loadTable(tx, { account, region }, name))?.definition;
  if (replica === undefined || replication === undefined) return table;
  saveTable(tx, applyOverrides(replica, overrides));
  const merge = (member: ReplicaMember): ReplicaMember =>
    member.region === region
      ? { ...member, overrides: { ...member.overrides, ...overrides } }
      : member;
  for (const { region: other } of replication.members) {
    if (other === region) continue;
    await tellRegion(tx, { account, region: other, name }, (members) => members.map(merge));
  }
  return { ...table, replication: { ...replication, members: replication.members.map(merge) } };
}

async function dropReplica(
  tx: Tx,
  ctx: RequestContext,
  {
    table,
    region,
    deleteRegion,
  }: {
    readonly table: TableDefinition;
    readonly region: string;
    readonly deleteRegion: DeleteRegion;
  },
): Promise<TableDefinition> {
  const { account, name } = table;
  const replica = (await loadTable(tx, { account, region }, name))?.definition;
  if (replica !== undefined) {
    if (replica.deletionProtected) {
      throw invalid(
        `Cannot delete table ${name} in region ${region} because it has deletion protection enabled. Disable deletion protection first.`,
      );
    }
    checkNoSource(replica, ctx.nowMs);
    await deleteRegion(tx, { ...ctx, region }, replica);
  }
  for (const { region: other } of table.replication?.members ?? []) {
    if (other !== region) await leaveRegion(tx, { ...ctx, region: other }, { name, gone: region });
  }
  const left = await leaveGroup(tx, ctx, { table, gone: region });
  return left;
}

async function leaveRegion(
  tx: Tx,
  ctx: RequestContext,
  { name, gone }: { readonly name: string; readonly gone: string },
): Promise<void> {
  const table = (await loadTable(tx, ctx, name))?.definition;
  if (table !== undefined) saveTable(tx, await leaveGroup(tx, ctx, { table, gone }));
}

/** The table once a region has left its group; of the last one, nothing of the group is left. */
async function leaveGroup(
  tx: Tx,
  ctx: RequestContext,
  { table, gone }: { readonly table: TableDefinition; readonly gone: string },
): Promise<TableDefinition> {
  const { replication, ...rest } = table;
  if (replication === undefined) return table;
  const members = replication.members.filter(({ region }) => region !== gone);
  if (members.length > 0) return { ...table, replication: { ...replication, members } };
  scheduleForget(tx, ctx, table);
  return rest;
}

/** DeleteTable in one region: the others go on without it. */
export async function leaveOnDelete(
  tx: Tx,
  ctx: RequestContext,
  table: TableDefinition,
): Promise<void> {
  const { replication, name, region } = table;
  if (replication === undefined) return;
  if (replication.consistency === 'STRONG') throw onlyWhole();
  checkNoSource(table, ctx.nowMs);
  for (const { region: other } of replication.members) {
    await leaveRegion(tx, { ...ctx, region: other }, { name, gone: region });
  }
  scheduleForget(tx, ctx, table);
}
