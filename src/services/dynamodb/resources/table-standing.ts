// How far an update of a table has got already, when it was interrupted.
import type {
  GlobalSecondaryIndex,
  GlobalSecondaryIndexDescription,
  ProvisionedThroughput,
  ProvisionedThroughputDescription,
} from '@aws-sdk/client-dynamodb';
import type { ResourceRequest } from '../../../kernel/resources.ts';
import type { TableProperties } from './table-properties.ts';

/**
 * The previous properties, or the wanted ones where they hold already: an update that was interrupted has
 * made part of the change, and DynamoDB refuses to make it twice.
 */
export async function readStanding(
  { call }: Pick<ResourceRequest, 'call'>,
  {
    name: TableName,
    wanted,
    previous,
  }: {
    readonly name: string;
    readonly wanted: TableProperties;
    readonly previous: TableProperties;
  },
): Promise<TableProperties> {
  const { Table } = await call('dynamodb', 'DescribeTable', { TableName });
  const { TimeToLiveDescription: ttl } = await call('dynamodb', 'DescribeTimeToLive', { TableName });
  const streamView = Table?.StreamSpecification?.StreamViewType;
  const timeToLive = ttl?.TimeToLiveStatus === 'ENABLED' ? ttl.AttributeName : undefined;
  const wantedTimeToLive = wanted.TimeToLiveSpecification;
  const holds: Record<string, boolean> = {
    StreamSpecification: streamView === wanted.StreamSpecification?.StreamViewType,
    ProvisionedThroughput: isThroughput(Table?.ProvisionedThroughput, wanted.ProvisionedThroughput),
    DeletionProtectionEnabled:
      Table?.DeletionProtectionEnabled === (wanted.DeletionProtectionEnabled ?? false),
    TableClass:
      (Table?.TableClassSummary?.TableClass ?? 'STANDARD') === (wanted.TableClass ?? 'STANDARD'),
    TimeToLiveSpecification:
      timeToLive ===
      (wantedTimeToLive?.Enabled === true ? wantedTimeToLive.AttributeName : undefined),
  };
  const names = Object.keys(holds).filter((name) => holds[name] === true);
  const given: Readonly<Record<string, unknown>> = { ...wanted };
  return {
    ...previous,
    ...Object.fromEntries(names.map((name) => [name, given[name]])),
    GlobalSecondaryIndexes: standingIndexes(Table?.GlobalSecondaryIndexes ?? [], wanted, previous),
  };
}

function standingIndexes(
  present: readonly GlobalSecondaryIndexDescription[],
  wanted: TableProperties,
  previous: TableProperties,
): GlobalSecondaryIndex[] {
  return present.flatMap((index) => {
    const byName = (other: GlobalSecondaryIndex): boolean => other.IndexName === index.IndexName;
    const before = previous.GlobalSecondaryIndexes?.find(byName);
    const after = wanted.GlobalSecondaryIndexes?.find(byName);
    const standing = before ?? after;
    if (standing === undefined) return [];
    if (!isThroughput(index.ProvisionedThroughput, after?.ProvisionedThroughput)) return [standing];
    return [{ ...standing, ProvisionedThroughput: after?.ProvisionedThroughput }];
  });
}

function isThroughput(
  present: ProvisionedThroughputDescription | undefined,
  wanted: ProvisionedThroughput | undefined,
): boolean {
  return (
    wanted !== undefined &&
    present?.ReadCapacityUnits === wanted.ReadCapacityUnits &&
    present?.WriteCapacityUnits === wanted.WriteCapacityUnits
  );
}
