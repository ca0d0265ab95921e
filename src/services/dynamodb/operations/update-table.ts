// UpdateTable: throughput, billing, indexes, replicas and the other settings.
import type { TableDescription } from '@aws-sdk/client-dynamodb';
import type { Tx } from '../../../base/store.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { invalid, invalidParameter, unsupported } from '../errors.ts';
import { replicaInUse } from '../replication/errors.ts';
import { changeReplicas } from '../replication/group.ts';
import { readReplicaRequest, type ReplicaRequest } from '../replication/replica-request.ts';
import { readTableName } from '../rules.ts';
import { loadTable, saveTable, type TableHandle } from '../store.ts';
import { keyNames, type KeyAttribute, type TableDefinition } from '../table-definition.ts';
import { checkTableThroughput } from '../table-rules.ts';
import { eraseReplica } from './delete-table.ts';
import { describeTable, type Phase } from './describe-table.ts';
import { changeIndex, checkFilling, checkIndexUpdates, checkProvisioned } from './index-updates.ts';
import { measureTable } from './measure.ts';
import { requireNamedTable } from './require-table.ts';
import { changeStream, checkStreamAlone } from './stream-settings.ts';
import { NO_UNITS, readAttributes, readUnits, unitSettings } from './tables.ts';
import { changeThroughput } from './throughput.ts';

type UpdateInput = InputOf<'dynamodb', 'UpdateTable'>;

export async function updateTable(
  input: UpdateInput,
  ctx: RequestContext,
): Promise<OutputOf<'dynamodb', 'UpdateTable'>> {
  const name = readTableName(input.TableName, ctx);
  refuseUnsupported(input);
  checkSomething(input);
  const replicas = readReplicaRequest(input, ctx.region);
  checkAlone(input);
  checkStreamAlone(input);
  checkIndexUpdates(input.GlobalSecondaryIndexUpdates ?? []);
  const { table, phases } = await ctx.store.transact((tx) =>
    change(tx, ctx, { name, input, replicas }),
  );
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
  if (input.GlobalTableSettingsReplicationMode !== undefined) {
    throw unsupported(
      'GlobalTableSettingsReplicationMode',
      'global tables of several accounts come later',
    );
  }
  if (input.DisassociationProtectionEnabled !== undefined) {
    throw unsupported(
      'DisassociationProtectionEnabled',
      'global tables of several accounts come later',
    );
  }
  if (input.VectorIndexUpdates !== undefined) {
    throw unsupported('VectorIndexUpdates', 'vector indexes come later');
  }
}

/** AWS: neither a consistency nor a witness alone is a change. DDB-TABLE-257 */
function checkSomething(input: UpdateInput): void {
  const {
    TableName: _name,
    AttributeDefinitions: _attributes,
    MultiRegionConsistency: _consistency,
    GlobalTableWitnessUpdates: _witnesses,
    GlobalSecondaryIndexUpdates: updates,
    ...others
  } = input;
  const changing = Object.values(others).some((value) => value !== undefined);
  if (changing || (updates !== undefined && updates.length > 0)) return;
  throw invalid(
    'At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates or SSESpecification or ReplicaUpdates is required',
  );
}

/** Settings that AWS changes in requests of their own. ack-api-quirks dynamodb, DDB-TABLE-442 */
const ALONE = [
  ['SSESpecification', 'Server-Side Encryption modification must be'],
  ['TableClass', 'TableClass modification must be'],
  ['DeletionProtectionEnabled', 'DeletionProtection modification must be'],
  ['WarmThroughput', 'WarmThroughput must be'],
] as const;

function checkAlone(input: UpdateInput): void {
  const { TableName: _name, AttributeDefinitions: _attributes, ...changes } = input;
  const given = Object.values(changes).filter((value) => value !== undefined);
  if (given.length < 2) return;
  const broken = ALONE.find(([member]) => input[member] !== undefined);
  if (broken === undefined) return;
  throw invalidParameter(`${broken[1]} the only operation in the request`);
}

interface Changed {
  readonly table: TableHandle;
  readonly phases: ReadonlyMap<string, Phase>;
}

async function change(
  tx: Tx,
  ctx: RequestContext,
  {
    name,
    input,
    replicas,
  }: {
    readonly name: string;
    readonly input: UpdateInput;
    readonly replicas: ReplicaRequest | undefined;
  },
): Promise<Changed> {
  const { definition } = await requireNamedTable(tx, ctx, name);
  if (replicas !== undefined) {
    const options = { table: definition, request: replicas, deleteRegion: eraseReplica };
    const table = saveTable(tx, await changeReplicas(tx, ctx, options));
    return { table, phases: new Map() };
  }
  const members = definition.replication?.members ?? [];
  if (members.some(({ state }) => state === 'CREATING')) throw replicaInUse();
  checkFilling(definition, input);
  const { changed, phases } = changeTable(tx, ctx, { table: definition, input, lenient: false });
  const streamed = await changeStream(tx, ctx, {
    table: changed,
    wanted: input.StreamSpecification,
  });
  const table = saveTable(tx, streamed);
  for (const { region } of members) await changeMember(tx, { ...ctx, region }, { name, input });
  return { table, phases };
}

/** AWS: what is the group's changes in all regions; deletion protection is each region's own. */
async function changeMember(
  tx: Tx,
  ctx: RequestContext,
  { name, input }: { readonly name: string; readonly input: UpdateInput },
): Promise<void> {
  const table = (await loadTable(tx, ctx, name))?.definition;
  if (table === undefined) return;
  const { DeletionProtectionEnabled: _own, SSESpecification: sse, ...rest } = input;
  const shared: UpdateInput = {
    ...rest,
    ...(sse === undefined ? {} : { SSESpecification: { Enabled: sse.Enabled } }),
  };
  saveTable(tx, changeTable(tx, ctx, { table, input: shared, lenient: true }).changed);
}

/** The table with its capacity, settings and indexes as the request wants them. */
function changeTable(
  tx: Tx,
  ctx: RequestContext,
  {
    table,
    input,
    lenient,
  }: { readonly table: TableDefinition; readonly input: UpdateInput; readonly lenient: boolean },
): { readonly changed: TableDefinition; readonly phases: ReadonlyMap<string, Phase> } {
  const { nowMs } = ctx;
  let changed = changeSettings(changeBilling(table, input, { nowMs, lenient }), input, nowMs);
  const phases = new Map<string, Phase>();
  for (const update of input.GlobalSecondaryIndexUpdates ?? []) {
    changed = changeIndex(tx, ctx, { table: changed, update, input, phases });
  }
  checkProvisioned(changed);
  return { changed: { ...changed, attributes: usedAttributes(changed, input) }, phases };
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

function changeBilling(
  table: TableDefinition,
  input: UpdateInput,
  { nowMs, lenient }: { readonly nowMs: number; readonly lenient: boolean },
): TableDefinition {
  const billingMode = input.BillingMode ?? table.billingMode;
  const requested = readUnits(input.ProvisionedThroughput);
  const switched = billingMode !== table.billingMode;
  if (!switched) {
    if (requested === undefined) return table;
    checkTableThroughput(billingMode, requested);
    return { ...table, throughput: changeThroughput(table.throughput, requested, { nowMs, lenient }) };
  }
  checkTableThroughput(billingMode, requested);
  if (billingMode === 'PROVISIONED') {
    return { ...table, billingMode, throughput: { ...NO_UNITS, ...requested } };
  }
  const indexes = table.indexes.map((index) => ({ ...index, throughput: NO_UNITS }));
  return { ...table, billingMode, throughput: NO_UNITS, indexes, onDemandSinceMs: nowMs };
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
