// ImportTable, DescribeImport and ListImports.
import type { ImportTableDescription, TableCreationParameters } from '@aws-sdk/client-dynamodb';
import { formatArn, parseArn } from '../../../../base/arn.ts';
import type { RequestContext } from '../../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../../models/operations.ts';
import { timedId } from '../../backup/backup-life.ts';
import { invalidRequest } from '../../backup/errors.ts';
import { invalid, tableExists, unsupported } from '../../errors.ts';
import { readNewTable } from '../../operations/tables.ts';
import { loadTable, saveTable } from '../../store.ts';
import type { TableDefinition } from '../../table-definition.ts';
import { importConflict, importNotFound } from '../errors.ts';
import { scheduleImport } from '../import-job.ts';
import { IMPORT_LOG_GROUP } from '../import-log.ts';
import { knowsZstd } from '../import-source.ts';
import { JOBS_PER_PAGE_MAX, TOKEN_LIFETIME_MS } from '../limits.ts';
import {
  listImportPage,
  loadImport,
  loadJobToken,
  saveImport,
  saveJobToken,
  type ImportRecord,
} from '../store.ts';
import { digestRequest } from './exports.ts';
import { readJobToken, writeJobToken } from './paging.ts';

type ImportInput = InputOf<'dynamodb', 'ImportTable'>;

export async function importTable(
  input: ImportInput,
  ctx: RequestContext,
): Promise<OutputOf<'dynamodb', 'ImportTable'>> {
  checkOptions(input);
  const table = readNewTable({ TableName: undefined, ...input.TableCreationParameters }, ctx);
  const made = describeRequest(input, ctx, table);
  const token = input.ClientToken;
  const record = await ctx.store.transact(async (tx) => {
    if (token !== undefined) {
      const known = await loadJobToken(tx, ctx, { kind: 'import', token });
      const earlier = known === undefined ? undefined : await loadImport(tx, ctx, known);
      if (earlier !== undefined && earlier.startMs + TOKEN_LIFETIME_MS > ctx.nowMs) {
        if (earlier.requestDigest !== made.requestDigest) throw importConflict();
        return earlier;
      }
      saveJobToken(tx, ctx, { kind: 'import', token, id: made.id });
    }
    if ((await loadTable(tx, ctx, table.name)) !== undefined) throw tableExists(table.name);
    saveTable(tx, { ...table, state: 'CREATING' });
    saveImport(tx, made);
    scheduleImport(tx, ctx, made);
    return made;
  });
  return { ImportTableDescription: shapeImport(record) };
}

function checkOptions({ InputFormat, InputFormatOptions, InputCompressionType }: ImportInput): void {
  if (InputFormatOptions?.Csv !== undefined && InputFormat !== 'CSV') {
    throw invalidRequest(`Unsupported InputFormatOptions for the given input format: ${InputFormat}.`);
  }
  if (InputCompressionType === 'ZSTD' && !knowsZstd()) {
    throw unsupported('InputCompressionType ZSTD', 'this version of Node.js lacks Zstandard');
  }
}

function describeRequest(
  input: ImportInput,
  ctx: RequestContext,
  table: TableDefinition,
): ImportRecord {
  const { account, region } = ctx;
  const { S3Bucket, S3BucketOwner, S3KeyPrefix } = input.S3BucketSource ?? {};
  const id = timedId(ctx);
  const csv = input.InputFormatOptions?.Csv;
  const resource = `log-group:${IMPORT_LOG_GROUP}:*`;
  return {
    account,
    region,
    id,
    arn: `${table.arn}/import/${id}`,
    tableArn: table.arn,
    tableId: table.id,
    tableName: table.name,
    clientToken: input.ClientToken,
    requestDigest: digestRequest(input),
    principal: ctx.principal,
    startMs: ctx.nowMs,
    bucket: S3Bucket ?? '',
    bucketOwner: S3BucketOwner ?? account,
    ...(S3KeyPrefix === undefined ? {} : { keyPrefix: S3KeyPrefix }),
    format: input.InputFormat ?? 'DYNAMODB_JSON',
    compression: input.InputCompressionType ?? 'NONE',
    ...(csv === undefined
      ? {}
      : {
          csv: {
            delimiter: csv.Delimiter ?? ',',
            ...(csv.HeaderList === undefined ? {} : { header: csv.HeaderList }),
          },
        }),
    parameters: input.TableCreationParameters,
    logGroupArn: formatArn({ service: 'logs', region, account, resource }),
  };
}

function statusOf({ endMs, failure }: ImportRecord): 'IN_PROGRESS' | 'COMPLETED' | 'FAILED' {
  if (endMs === undefined) return 'IN_PROGRESS';
  return failure === undefined ? 'COMPLETED' : 'FAILED';
}

function shapeSource({
  bucket,
  bucketOwner,
  keyPrefix,
}: ImportRecord): NonNullable<ImportTableDescription['S3BucketSource']> {
  return {
    S3BucketOwner: bucketOwner,
    S3Bucket: bucket,
    ...(keyPrefix === undefined ? {} : { S3KeyPrefix: keyPrefix }),
  };
}

function shapeImport(record: ImportRecord): ImportTableDescription {
  const { csv, counts, failure, endMs } = record;
  return {
    ImportArn: record.arn,
    ImportStatus: statusOf(record),
    TableArn: record.tableArn,
    TableId: record.tableId,
    ...(record.clientToken === undefined ? {} : { ClientToken: record.clientToken }),
    S3BucketSource: shapeSource(record),
    ErrorCount: counts?.errors ?? 0,
    CloudWatchLogGroupArn: record.logGroupArn,
    InputFormat: record.format,
    ...(csv === undefined
      ? {}
      : {
          InputFormatOptions: {
            Csv: {
              Delimiter: csv.delimiter,
              ...(csv.header === undefined ? {} : { HeaderList: [...csv.header] }),
            },
          },
        }),
    InputCompressionType: record.compression,
    TableCreationParameters: record.parameters as TableCreationParameters,
    StartTime: new Date(record.startMs),
    ...(endMs === undefined ? {} : { EndTime: new Date(endMs) }),
    ProcessedSizeBytes: counts?.processedBytes ?? 0,
    ProcessedItemCount: counts?.processedItems ?? 0,
    ImportedItemCount: counts?.importedItems ?? 0,
    ...(failure === undefined
      ? {}
      : { FailureCode: failure.code, FailureMessage: failure.message }),
  };
}

export async function describeImport(
  input: InputOf<'dynamodb', 'DescribeImport'>,
  ctx: RequestContext,
): Promise<OutputOf<'dynamodb', 'DescribeImport'>> {
  const arn = input.ImportArn ?? '';
  const [, id] = /^table\/[^/]+\/import\/([^/]+)$/.exec(parseArn(arn)?.resource ?? '') ?? [];
  if (id === undefined) throw invalid('Invalid Import ARN');
  const record = await ctx.store.read((view) => loadImport(view, ctx, id));
  if (record?.arn !== arn) throw importNotFound(arn);
  return { ImportTableDescription: shapeImport(record) };
}

/** AWS: imports outlive their tables. ack-api-quirks dynamodb, DDB-IMPORT-008 */
export async function listImports(
  input: InputOf<'dynamodb', 'ListImports'>,
  ctx: RequestContext,
): Promise<OutputOf<'dynamodb', 'ListImports'>> {
  const limit = input.PageSize ?? JOBS_PER_PAGE_MAX;
  let before = input.NextToken === undefined ? undefined : readJobToken(input.NextToken, 'import');
  const found: ImportRecord[] = [];
  await ctx.store.read(async (view) => {
    for (;;) {
      const rows = await listImportPage(view, ctx, { before, limit: JOBS_PER_PAGE_MAX });
      const { TableArn } = input;
      found.push(...rows.filter(({ tableArn }) => (TableArn ?? tableArn) === tableArn));
      before = rows.at(-1)?.id;
      if (found.length > limit || rows.length < JOBS_PER_PAGE_MAX) return;
    }
  });
  const page = found.slice(0, limit);
  const last = page.at(-1);
  return {
    ImportSummaryList: page.map((record) => ({
      ImportArn: record.arn,
      ImportStatus: statusOf(record),
      TableArn: record.tableArn,
      S3BucketSource: shapeSource(record),
      CloudWatchLogGroupArn: record.logGroupArn,
      InputFormat: record.format,
      StartTime: new Date(record.startMs),
      ...(record.endMs === undefined ? {} : { EndTime: new Date(record.endMs) }),
    })),
    ...(found.length > limit && last !== undefined
      ? { NextToken: writeJobToken(last.id, 'import') }
      : {}),
  };
}
