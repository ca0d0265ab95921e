// What a restored table is: its source's definition with the request's overrides.
import type {
  BillingMode,
  GlobalSecondaryIndex,
  LocalSecondaryIndex,
} from '@aws-sdk/client-dynamodb';
import { formatArn } from '../../../base/arn.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf } from '../../../models/operations.ts';
import { NO_UNITS, readUnits, unitSettings } from '../operations/tables.ts';
import {
  keyNames,
  type IndexDefinition,
  type RestoreOrigin,
  type TableDefinition,
} from '../table-definition.ts';
import { invalidRequest } from './errors.ts';

type Overrides = Omit<InputOf<'dynamodb', 'RestoreTableFromBackup'>, 'BackupArn'>;

export interface Restored {
  readonly name: string;
  readonly id: string;
  readonly origin: RestoreOrigin;
  readonly source: TableDefinition;
  readonly input: Overrides;
}

/**
 * AWS: indexes, capacity and encryption come along; tags, time to live, streams, table class, policy,
 * deletion protection and recovery do not. DDB-TABLE-215
 */
export function defineRestored(ctx: RequestContext, restored: Restored): TableDefinition {
  const { name, id, origin, source, input } = restored;
  const { account, region } = ctx;
  const indexes = keptIndexes(source, input);
  const used = new Set([source.key, ...indexes.map((index) => index.key)].flatMap(keyNames));
  const sse = input.SSESpecificationOverride;
  const encrypted = sse?.Enabled ?? source.encrypted;
  const keyId = sse === undefined ? source.encryptionKeyId : sse.KMSMasterKeyId;
  return {
    account,
    region,
    name,
    id,
    arn: formatArn({ service: 'dynamodb', region, account, resource: `table/${name}` }),
    createdMs: ctx.nowMs,
    attributes: source.attributes.filter((attribute) => used.has(attribute.name)),
    key: source.key,
    nextIndexNumber: source.nextIndexNumber,
    ...restoredCapacity(ctx, { source, indexes, input }),
    encrypted,
    ...(keyId === undefined || !encrypted ? {} : { encryptionKeyId: keyId }),
    deletionProtected: false,
    nextExpiryGeneration: 0,
    state: 'CREATING',
    origin,
  };
}

type Capacity = Pick<
  TableDefinition,
  'billingMode' | 'throughput' | 'indexes' | 'onDemandLimits' | 'onDemandSinceMs'
>;

function restoredCapacity(
  ctx: RequestContext,
  {
    source,
    indexes,
    input,
  }: Pick<Restored, 'source' | 'input'> & { readonly indexes: readonly IndexDefinition[] },
): Capacity {
  const billingMode: BillingMode = input.BillingModeOverride ?? source.billingMode;
  checkOverriddenCapacity(billingMode, input);
  const override = readUnits(input.ProvisionedThroughputOverride);
  const limits = unitSettings({ OnDemandThroughput: input.OnDemandThroughputOverride });
  if (billingMode === 'PAY_PER_REQUEST') {
    const kept =
      source.onDemandLimits === undefined ? {} : { onDemandLimits: source.onDemandLimits };
    return {
      billingMode,
      throughput: NO_UNITS,
      indexes: indexes.map((index) => ({ ...index, throughput: NO_UNITS })),
      onDemandSinceMs: ctx.nowMs,
      ...kept,
      ...limits,
    };
  }
  const { readUnits: read, writeUnits: write } = override ?? source.throughput;
  for (const { name, global, throughput } of indexes) {
    if (!global || throughput.readUnits > 0) continue;
    throw invalidRequest(`Must specify provisioned throughput for index ${name}`);
  }
  return { billingMode, throughput: { readUnits: read, writeUnits: write }, indexes };
}

/** Messages: DDB-TABLE-273 */
function checkOverriddenCapacity(billingMode: BillingMode, input: Overrides): void {
  const override = input.ProvisionedThroughputOverride;
  if (override !== undefined && billingMode === 'PAY_PER_REQUEST') {
    throw invalidRequest(
      input.BillingModeOverride === undefined
        ? 'Cannot override ProvisionedThroughput unless BillingMode is PROVISIONED'
        : 'Cannot override ProvisionedThroughput if BillingMode is overridden to PAY_PER_REQUEST',
    );
  }
  if (override === undefined && input.BillingModeOverride === 'PROVISIONED') {
    throw invalidRequest(
      'Must override ProvisionedThroughput if BillingMode is overridden to PROVISIONED',
    );
  }
  if (input.OnDemandThroughputOverride === undefined) return;
  if (billingMode === 'PROVISIONED') {
    throw invalidRequest(
      'Cannot override MaxReadRequestUnits for OnDemandThroughput unless BillingModeOverride is PAY_PER_REQUEST',
    );
  }
}

/**
 * The source's indexes, or those of them that the request describes; it may give them new names.
 * AWS: an empty list drops them all. DDB-TABLE-279, 280
 */
function keptIndexes(source: TableDefinition, input: Overrides): IndexDefinition[] {
  const kept = (
    overrides: readonly (GlobalSecondaryIndex | LocalSecondaryIndex)[] | undefined,
    global: boolean,
  ): IndexDefinition[] =>
    overrides === undefined
      ? source.indexes.filter((index) => index.global === global)
      : overrides.map((override) => overrideIndex(source, override, global));
  const indexes = [
    ...kept(input.LocalSecondaryIndexOverride, false),
    ...kept(input.GlobalSecondaryIndexOverride, true),
  ];
  return indexes.map((index) => ({ ...index, backfilling: false }));
}

function overrideIndex(
  source: TableDefinition,
  override: GlobalSecondaryIndex | LocalSecondaryIndex,
  global: boolean,
): IndexDefinition {
  const { IndexName: name = '', KeySchema = [], Projection } = override;
  const wanted = KeySchema.map(({ AttributeName }) => AttributeName).join('\0');
  const index = source.indexes.find(
    (candidate) =>
      candidate.global === global &&
      wanted === keyNames(candidate.key).join('\0') &&
      Projection?.ProjectionType === candidate.projection.type,
  );
  if (index === undefined) {
    throw invalidRequest(
      `Index ${name} does not match a secondary index that existed in the source table and cannot be created during the restore operation`,
    );
  }
  const units =
    'ProvisionedThroughput' in override ? readUnits(override.ProvisionedThroughput) : undefined;
  return { ...index, name, ...(units === undefined ? {} : { throughput: units }) };
}
