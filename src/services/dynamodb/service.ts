// DynamoDB: which operation is handled where.
import { defineService, notImplemented } from '../../kernel/service.ts';
import {
  createBackup,
  deleteBackup,
  describeBackup,
  listBackups,
} from './backup/operations/backups.ts';
import { describeContinuousBackups, updateContinuousBackups } from './backup/operations/recovery.ts';
import { restoreTableFromBackup, restoreTableToPointInTime } from './backup/operations/restore.ts';
import { batchGetItem, batchWriteItem } from './operations/batch.ts';
import { deleteItem, getItemOperation, putItem, updateItem } from './operations/items.ts';
import { query } from './operations/query.ts';
import { scan } from './operations/scan.ts';
import {
  describeEndpoints,
  describeLimits,
  describeTimeToLive,
  listTagsOfResource,
  tagResource,
  untagResource,
  updateTimeToLive,
} from './operations/settings.ts';
import {
  createTable,
  deleteTable,
  describeTableOperation,
  listTables,
} from './operations/tables.ts';
import { transactGetItems, transactWriteItems } from './operations/transactions.ts';
import { updateTable } from './operations/update-table.ts';
import { resources } from './resources.ts';
import { workers } from './workers.ts';

export const dynamodb = defineService<'dynamodb'>({
  id: 'dynamodb',
  operations: {
    BatchExecuteStatement: notImplemented('PartiQL comes later'),
    BatchGetItem: batchGetItem,
    BatchWriteItem: batchWriteItem,
    CancelBulkOperation: notImplemented('bulk operations come later'),
    CreateBackup: createBackup,
    CreateGlobalTable: notImplemented('global tables come later'),
    CreateTable: createTable,
    DeleteBackup: deleteBackup,
    DeleteItem: deleteItem,
    DeleteResourcePolicy: notImplemented('resource policies come with access control'),
    DeleteTable: deleteTable,
    DescribeBackup: describeBackup,
    DescribeBulkOperation: notImplemented('bulk operations come later'),
    DescribeContinuousBackups: describeContinuousBackups,
    DescribeContributorInsights: notImplemented('contributor insights come later'),
    DescribeEndpoints: describeEndpoints,
    DescribeExport: notImplemented('export to S3 comes later'),
    DescribeGlobalTable: notImplemented('global tables come later'),
    DescribeGlobalTableSettings: notImplemented('global tables come later'),
    DescribeImport: notImplemented('import from S3 comes later'),
    DescribeKinesisStreamingDestination: notImplemented(
      'the Kinesis destination comes with Kinesis',
    ),
    DescribeLimits: describeLimits,
    DescribeTable: describeTableOperation,
    DescribeTableReplicaAutoScaling: notImplemented('global tables come later'),
    DescribeTimeToLive: describeTimeToLive,
    DisableKinesisStreamingDestination: notImplemented(
      'the Kinesis destination comes with Kinesis',
    ),
    EnableKinesisStreamingDestination: notImplemented('the Kinesis destination comes with Kinesis'),
    ExecuteStatement: notImplemented('PartiQL comes later'),
    ExecuteTransaction: notImplemented('PartiQL comes later'),
    ExportTableToPointInTime: notImplemented('export to S3 comes later'),
    GetItem: getItemOperation,
    GetResourcePolicy: notImplemented('resource policies come with access control'),
    ImportTable: notImplemented('import from S3 comes later'),
    ListBackups: listBackups,
    ListBulkOperations: notImplemented('bulk operations come later'),
    ListContributorInsights: notImplemented('contributor insights come later'),
    ListExports: notImplemented('export to S3 comes later'),
    ListGlobalTables: notImplemented('global tables come later'),
    ListImports: notImplemented('import from S3 comes later'),
    ListTables: listTables,
    ListTagsOfResource: listTagsOfResource,
    PutItem: putItem,
    PutResourcePolicy: notImplemented('resource policies come with access control'),
    Query: query,
    RestoreTableFromBackup: restoreTableFromBackup,
    RestoreTableToPointInTime: restoreTableToPointInTime,
    Scan: scan,
    SearchVectors: notImplemented('vector indexes come later'),
    StartBulkPutItems: notImplemented('bulk operations come later'),
    TagResource: tagResource,
    TransactGetItems: transactGetItems,
    TransactWriteItems: transactWriteItems,
    UntagResource: untagResource,
    UpdateContinuousBackups: updateContinuousBackups,
    UpdateContributorInsights: notImplemented('contributor insights come later'),
    UpdateGlobalTable: notImplemented('global tables come later'),
    UpdateGlobalTableSettings: notImplemented('global tables come later'),
    UpdateItem: updateItem,
    UpdateKinesisStreamingDestination: notImplemented('the Kinesis destination comes with Kinesis'),
    UpdateTable: updateTable,
    UpdateTableReplicaAutoScaling: notImplemented('global tables come later'),
    UpdateTimeToLive: updateTimeToLive,
  },
  dataEvents: [
    'BatchGetItem',
    'BatchWriteItem',
    'DeleteItem',
    'GetItem',
    'PutItem',
    'Query',
    'Scan',
    'TransactGetItems',
    'TransactWriteItems',
    'UpdateItem',
  ],
  resources,
  workers,
});
