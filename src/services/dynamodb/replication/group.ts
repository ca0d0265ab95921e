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
import { replicaInUse } from './errors.ts';
import type { ReplicaAction, ReplicaRequest } from './replica-request.ts';
import { scheduleFill, scheduleForget, scheduleSweep } from './replicate.ts';

const DAY_MS = 24 * 3600 * 1000;

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

/** Messages and order: DDB-TABLE-202, 223, 257…267 */
function checkGroup(table: TableDefinition, request: ReplicaRequest): void {
  const { replication, name } = table;
  const members = replication?.members ?? [];
  if (members.some(({ state }) => state === 'CREATING')) throw replicaInUse();
  const creating = request.actions.some(({ kind }) => kind === 'create');
  const absent = request.actions.filter(
    ({ kind, region }) => kind !== 'create' && !members.some((m) => m.region === region),
  );
  if (absent.length > 0) {
    const regions = absent.map(({ region }) => region).join(', ');
    throw invalid(
      `Update global table operation failed because one or more replicas were not part of the global table. Please retry the request without these replicas: [${regions}].`,
    );
  }
  if (replication?.consistency === 'STRONG') checkStrongGroup(replication, request);
  else {
    if (request.consistency === 'STRONG' && replication !== undefined) {
      throw invalid('MultiRegionConsistency parameter is unsupported on existing global table');
    }
    if (request.actions.length > 1 && !creating) {
      throw invalid(
        'Update table operation with more than one create or delete replica actions not allowed',
      );
    }
  }
  if (!creating) return;
  if (request.actions.some(({ region }) => members.some((m) => m.region === region))) {
    throw alreadyTable(name);
  }
  if (table.billingMode === 'PROVISIONED') {
    // There is no auto scaling here that could make it right.
    throw invalid('Table write capacity should either be Pay-Per-Request or AutoScaled.');
  }
  if (request.consistency === 'STRONG') checkFitForStrong(table);
}

function checkStrongGroup(replication: ReplicationSetting, request: ReplicaRequest): void {
  if (request.consistency !== undefined) {
    throw invalid('MultiRegionConsistency parameter is unsupported on existing global table');
  }
  const [first] = request.actions;
  if (first?.kind === 'create') {
    throw invalid('Cannot add replicas to a global table with strong MultiRegionConsistency');
  }
  if (first?.kind !== 'delete') return;
  const { witness, members } = replication;
  if (witness !== undefined && request.witness === undefined) {
    throw invalid('Update table delete operation does not include all witnesses.');
  }
  if (request.witness !== undefined && request.witness.region !== witness) {
    throw invalid(
      `Update global table operation failed because one or more witnesses were not part of the global table. Please retry the request without these witnesses: [${request.witness.region}].`,
    );
  }
  if (request.actions.length < members.length) throw onlyWhole();
}

function onlyWhole(): Error {
  return invalid(
    'Deletion of only one table replica is not supported for global tables with MultiRegionConsistency set to STRONG.',
  );
}

/** AWS: neither is supported there. <developer guide, "Multi-Region strong consistency"> */
function checkFitForStrong({ expiry, indexes }: TableDefinition): void {
  if (expiry !== undefined) {
    throw invalid('Time to Live is not supported for global tables with MultiRegionConsistency set to STRONG.');
  }
  if (indexes.some(({ global }) => !global)) {
    throw invalid('Local secondary indexes are not supported for global tables with MultiRegionConsistency set to STRONG.');
  }
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

function alreadyTable(name: string): Error {
  return invalid(
    `Failed to create a the new replica of table with name: ‘${name}’ because one or more replicas already existed as tables.`,
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

/** AWS: a table that others were copied from goes after them, for a day. DDB-TABLE-266, 267 */
function checkNoSource({ replication }: TableDefinition, nowMs: number): void {
  const copied = replication?.members.some(
    ({ copiedMs = Number.NEGATIVE_INFINITY }) => copiedMs > nowMs - DAY_MS,
  );
  if (copied !== true) return;
  throw invalid(
    'Replica cannot be deleted because it has acted as a source region for new replica(s) being added to the table in the last 24 hours.',
  );
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
