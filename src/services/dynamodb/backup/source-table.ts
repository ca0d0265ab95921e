// How a backup tells of the table it was made of.
import type {
  LocalSecondaryIndexInfo,
  SourceTableDetails,
  SourceTableFeatureDetails,
} from '@aws-sdk/client-dynamodb';
import { shapeEncryption, shapeKey, shapeProjection } from '../operations/describe-table.ts';
import type { IndexDefinition, TableDefinition } from '../table-definition.ts';

export function shapeBackedUpTable(
  table: TableDefinition,
  size: { readonly items: number; readonly bytes: number },
): SourceTableDetails {
  const { readUnits, writeUnits } = table.throughput;
  return {
    TableName: table.name,
    TableId: table.id,
    TableArn: table.arn,
    TableSizeBytes: size.bytes,
    KeySchema: shapeKey(table.key),
    TableCreationDateTime: new Date(table.createdMs),
    ProvisionedThroughput: { ReadCapacityUnits: readUnits, WriteCapacityUnits: writeUnits },
    ...(table.onDemandLimits === undefined ? {} : { OnDemandThroughput: table.onDemandLimits }),
    ItemCount: size.items,
    BillingMode: table.billingMode,
  };
}

export function shapeBackedUpFeatures(table: TableDefinition): SourceTableFeatureDetails {
  const { stream, expiry } = table;
  const local = table.indexes.filter(({ global }) => !global);
  const global = table.indexes.filter((index) => index.global);
  const shape = (index: IndexDefinition): LocalSecondaryIndexInfo => ({
    IndexName: index.name,
    KeySchema: shapeKey(index.key),
    Projection: shapeProjection(index),
  });
  return {
    ...(local.length === 0 ? {} : { LocalSecondaryIndexes: local.map(shape) }),
    ...(global.length === 0
      ? {}
      : {
          GlobalSecondaryIndexes: global.map((index) => ({
            ...shape(index),
            ProvisionedThroughput: {
              ReadCapacityUnits: index.throughput.readUnits,
              WriteCapacityUnits: index.throughput.writeUnits,
            },
            ...(index.onDemandLimits === undefined
              ? {}
              : { OnDemandThroughput: index.onDemandLimits }),
          })),
        }),
    ...(stream === undefined
      ? {}
      : { StreamDescription: { StreamEnabled: true, StreamViewType: stream.viewType } }),
    ...(expiry === undefined
      ? {}
      : {
          TimeToLiveDescription: {
            TimeToLiveStatus: 'ENABLED' as const,
            AttributeName: expiry.attribute,
          },
        }),
    ...shapeEncryption(table),
  };
}
