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
import { executeTransaction } from './operations/partiql-transaction.ts';
import { batchExecuteStatement, executeStatement } from './operations/partiql.ts';
import { query } from './operations/query.ts';
import {
  describeContributorInsights,
  listContributorInsights,
  updateContributorInsights,
} from './operations/insights.ts';
import {
  describeKinesisStreamingDestination,
  disableKinesisStreamingDestination,
  updateKinesisStreamingDestination,
} from './operations/kinesis-destination.ts';
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
import { deleteTable } from './operations/delete-table.ts';
import { createTable, describeTableOperation, listTables } from './operations/tables.ts';
import { transactGetItems, transactWriteItems } from './operations/transactions.ts';
import { updateTable } from './operations/update-table.ts';
import {
  deleteResourcePolicy,
  getResourcePolicy,
  putResourcePolicy,
} from './policy/operations.ts';
import {
  createGlobalTable,
  describeTableReplicaAutoScaling,
  listGlobalTables,
  refuseGlobalTable,
  updateTableReplicaAutoScaling,
} from './replication/operations.ts';
import { resources } from './resources.ts';
import {
  describeExport,
  exportTableToPointInTime,
  listExports,
} from './transfer/operations/exports.ts';
import { describeImport, importTable, listImports } from './transfer/operations/imports.ts';
import { workers } from './workers.ts';

export const dynamodb = defineService<'dynamodb'>({
  id: 'dynamodb',
  operations: {
    BatchExecuteStatement: batchExecuteStatement,
    BatchGetItem: batchGetItem,
    BatchWriteItem: batchWriteItem,
    CancelBulkOperation: notImplemented('bulk operations come later'),
    CreateBackup: createBackup,
    CreateGlobalTable: createGlobalTable,
    CreateTable: createTable,
    DeleteBackup: deleteBackup,
    DeleteItem: deleteItem,
    DeleteResourcePolicy: deleteResourcePolicy,
    DeleteTable: deleteTable,
    DescribeBackup: describeBackup,
    DescribeBulkOperation: notImplemented('bulk operations come later'),
    DescribeContinuousBackups: describeContinuousBackups,
    DescribeContributorInsights: describeContributorInsights,
    DescribeEndpoints: describeEndpoints,
    DescribeExport: describeExport,
    DescribeGlobalTable: refuseGlobalTable,
    DescribeGlobalTableSettings: refuseGlobalTable,
    DescribeImport: describeImport,
    DescribeKinesisStreamingDestination: describeKinesisStreamingDestination,
    DescribeLimits: describeLimits,
    DescribeTable: describeTableOperation,
    DescribeTableReplicaAutoScaling: describeTableReplicaAutoScaling,
    DescribeTimeToLive: describeTimeToLive,
    DisableKinesisStreamingDestination: disableKinesisStreamingDestination,
    EnableKinesisStreamingDestination: notImplemented('the Kinesis destination comes with Kinesis'),
    ExecuteStatement: executeStatement,
    ExecuteTransaction: executeTransaction,
    ExportTableToPointInTime: exportTableToPointInTime,
    GetItem: getItemOperation,
    GetResourcePolicy: getResourcePolicy,
    ImportTable: importTable,
    ListBackups: listBackups,
    ListBulkOperations: notImplemented('bulk operations come later'),
    ListContributorInsights: listContributorInsights,
    ListExports: listExports,
    ListGlobalTables: listGlobalTables,
    ListImports: listImports,
    ListTables: listTables,
    ListTagsOfResource: listTagsOfResource,
    PutItem: putItem,
    PutResourcePolicy: putResourcePolicy,
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
    UpdateContributorInsights: updateContributorInsights,
    UpdateGlobalTable: refuseGlobalTable,
    UpdateGlobalTableSettings: refuseGlobalTable,
    UpdateItem: updateItem,
    UpdateKinesisStreamingDestination: updateKinesisStreamingDestination,
    UpdateTable: updateTable,
    UpdateTableReplicaAutoScaling: updateTableReplicaAutoScaling,
    UpdateTimeToLive: updateTimeToLive,
  },
  dataEvents: [
    'BatchExecuteStatement',
    'BatchGetItem',
    'BatchWriteItem',
    'DeleteItem',
    'ExecuteStatement',
    'ExecuteTransaction',
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
