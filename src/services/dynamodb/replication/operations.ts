// Operations of global tables besides UpdateTable: the version of 2017, and auto scaling of replicas.
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import { invalidParameter, unsupported } from '../errors.ts';
import { readTableName } from '../rules.ts';
import { loadTable } from '../store.ts';
import type { TableDefinition } from '../table-definition.ts';
import { globalTableNotFound } from './errors.ts';

/**
 * AWS: makes no global tables of version 2017.11.29 any more, in any region, so there are none.
 * ack-api-quirks dynamodb 2026-10, DDB-GLOBALTABLE-001…004, DDB-GLOBALTABLESETTINGS-001
 */
export async function createGlobalTable(): Promise<OutputOf<'dynamodb', 'CreateGlobalTable'>> {
  throw invalidParameter(
    'DynamoDB global tables version 2017.11.29 is not supported. We recommend using DynamoDB global tables version 2019.11.21, instead of version 2017.11.29 (Legacy).',
  );
}

/** Answers for DescribeGlobalTable, UpdateGlobalTable and the two of their settings. */
export async function refuseGlobalTable({
  GlobalTableName: name,
}: {
  readonly GlobalTableName: string | undefined;
}): Promise<Record<string, never>> {
  throw globalTableNotFound(name ?? '');
}

export async function listGlobalTables(): Promise<OutputOf<'dynamodb', 'ListGlobalTables'>> {
  return { GlobalTables: [] };
}

type AutoScalingOutput = OutputOf<'dynamodb', 'DescribeTableReplicaAutoScaling'>;

export async function describeTableReplicaAutoScaling(
  input: InputOf<'dynamodb', 'DescribeTableReplicaAutoScaling'>,
  ctx: RequestContext,
): Promise<AutoScalingOutput> {
  const name = readTableName(input.TableName, ctx);
  const table = (await ctx.store.read((view) => loadTable(view, ctx, name)))?.definition;
  if (table?.replication === undefined) {
    throw globalTableNotFound(name, 'ResourceNotFoundException');
  }
  return { TableAutoScalingDescription: shapeAutoScaling(table) };
}

/** AWS: regions in alphabetical order, this one included. DDB-TABLE-265 */
function shapeAutoScaling(
  table: TableDefinition,
): NonNullable<AutoScalingOutput['TableAutoScalingDescription']> {
  const disabled = { AutoScalingDisabled: true, ScalingPolicies: [] };
  const home = { region: table.region, state: 'ACTIVE' as const };
  const regions = [home, ...(table.replication?.members ?? [])];
  const indexes = table.indexes.filter(({ global, backfilling }) => global && !backfilling);
  return {
    TableName: table.name,
    TableStatus: table.state ?? 'ACTIVE',
    Replicas: regions
      .toSorted((a, b) => (a.region < b.region ? -1 : 1))
      .map(({ region, state }) => ({
        RegionName: region,
        ReplicaStatus: state,
        ReplicaProvisionedReadCapacityAutoScalingSettings: disabled,
        ReplicaProvisionedWriteCapacityAutoScalingSettings: disabled,
        ...(indexes.length === 0
          ? {}
          : {
              GlobalSecondaryIndexes: indexes.map(({ name }) => ({
                IndexName: name,
                IndexStatus: 'ACTIVE' as const,
                ProvisionedReadCapacityAutoScalingSettings: disabled,
                ProvisionedWriteCapacityAutoScalingSettings: disabled,
              })),
            }),
      })),
  };
}

type AutoScalingInput = InputOf<'dynamodb', 'UpdateTableReplicaAutoScaling'>;

/** Scaling can be switched off, which it is; it cannot be switched on. */
export async function updateTableReplicaAutoScaling(
  input: AutoScalingInput,
  ctx: RequestContext,
): Promise<OutputOf<'dynamodb', 'UpdateTableReplicaAutoScaling'>> {
  const { TableName } = input;
  const described = await describeTableReplicaAutoScaling({ TableName }, ctx);
  for (const update of updatesOf(input)) {
    if (update?.AutoScalingDisabled === true) continue;
    throw unsupported('AutoScalingSettingsUpdate', 'Application Auto Scaling comes later');
  }
  return described;
}

function updatesOf(
  input: AutoScalingInput,
): (AutoScalingInput['ProvisionedWriteCapacityAutoScalingUpdate'] | undefined)[] {
  const { ProvisionedWriteCapacityAutoScalingUpdate: write } = input;
  return [
    ...(write === undefined ? [] : [write]),
    ...(input.GlobalSecondaryIndexUpdates ?? []).map(
      (update) => update.ProvisionedWriteCapacityAutoScalingUpdate,
    ),
    ...(input.ReplicaUpdates ?? []).flatMap((replica) => [
      ...(replica.ReplicaProvisionedReadCapacityAutoScalingUpdate === undefined
        ? []
        : [replica.ReplicaProvisionedReadCapacityAutoScalingUpdate]),
      ...(replica.ReplicaGlobalSecondaryIndexUpdates ?? []).map(
        (update) => update.ProvisionedReadCapacityAutoScalingUpdate,
      ),
    ]),
  ];
}
