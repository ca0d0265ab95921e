// ExportTableToPointInTime, DescribeExport and ListExports.
import { createHash } from 'node:crypto';
import type { ExportDescription } from '@aws-sdk/client-dynamodb';
import { parseArn } from '../../../../base/arn.ts';
import type { RequestContext } from '../../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../../models/operations.ts';
import { timedId } from '../../backup/backup-life.ts';
import { invalidRequest, recoveryUnavailable } from '../../backup/errors.ts';
import { pinHistory } from '../../backup/history.ts';
import { restorableTimes } from '../../backup/recovery.ts';
import { invalid, invalidParameter } from '../../errors.ts';
import { loadTable, saveTable } from '../../store.ts';
import { keyNames, type RecoverySetting } from '../../table-definition.ts';
import {
  accessDenied,
  exportConflict,
  exportedTableNotFound,
  exportNotFound,
  invalidExportTime,
} from '../errors.ts';
import { scheduleExport } from '../export-job.ts';
import {
  JOBS_PER_PAGE_MAX,
  TOKEN_LIFETIME_MS,
  WINDOW_MAX_MS,
  WINDOW_MIN_MS,
} from '../limits.ts';
import {
  listExportPage,
  loadExport,
  loadJobToken,
  saveExport,
  saveJobToken,
  type ExportRecord,
} from '../store.ts';
import { readJobToken, writeJobToken } from './paging.ts';

type ExportInput = InputOf<'dynamodb', 'ExportTableToPointInTime'>;

export async function exportTableToPointInTime(
  input: ExportInput,
  ctx: RequestContext,
): Promise<OutputOf<'dynamodb', 'ExportTableToPointInTime'>> {
  const tableName = readTableArn(input.TableArn ?? '', ctx);
  checkShape(input);
  const id = timedId(ctx);
  const digest = digestRequest(input);
  const token = input.ClientToken;
  const record = await ctx.store.transact(async (tx) => {
    if (token !== undefined) {
      const known = await loadJobToken(tx, ctx, { kind: 'export', token });
      const earlier = known === undefined ? undefined : await loadExport(tx, ctx, known);
      if (earlier !== undefined && earlier.startMs + TOKEN_LIFETIME_MS > ctx.nowMs) {
        if (earlier.requestDigest !== digest) throw exportConflict();
        return earlier;
      }
      saveJobToken(tx, ctx, { kind: 'export', token, id });
    }
    const table = (await loadTable(tx, ctx, tableName))?.definition;
    if (table === undefined || table.state === 'CREATING') {
      throw exportedTableNotFound(input.TableArn ?? '');
    }
    const { recovery } = table;
    if (recovery === undefined) throw recoveryUnavailable(tableName);
    const times = readTimes(input, { recovery, createdMs: table.createdMs, nowMs: ctx.nowMs });
    const { table: pinned, past } = pinHistory(table, {
      job: id,
      ...(times.atMs === undefined ? {} : { atMs: times.atMs }),
    });
    const made: ExportRecord = {
      ...describeRequest(input, ctx, { id, digest, ...times }),
      arn: `${table.arn}/export/${id}`,
      tableArn: table.arn,
      tableId: table.id,
      past,
      keyNames: keyNames(table.key),
    };
    saveTable(tx, pinned);
    saveExport(tx, made);
    scheduleExport(tx, ctx, made);
    return made;
  });
  return { ExportDescription: shapeExport(record) };
}

/** AWS: takes no names. ack-api-quirks dynamodb, DDB-EXPORT-001, 002 */
function readTableArn(arn: string, ctx: RequestContext): string {
  const parsed = parseArn(arn);
  if (parsed === undefined) throw invalidParameter('tableArn is not a valid ARN');
  const [, name] = /^table\/([a-zA-Z0-9_.-]+)$/.exec(parsed.resource) ?? [];
  if (parsed.service !== 'dynamodb' || name === undefined) {
    throw invalidRequest('Table ARN is invalid.');
  }
  if (parsed.account !== ctx.account) throw accessDenied();
  if (parsed.region !== ctx.region) throw exportedTableNotFound(arn);
  return name;
}

/** Messages: DDB-EXPORT-003, 005 */
function checkShape({
  ExportType: type,
  IncrementalExportSpecification: window,
  S3SseAlgorithm,
  S3SseKmsKeyId,
}: ExportInput): void {
  if (S3SseKmsKeyId !== undefined && S3SseAlgorithm !== 'KMS') {
    throw invalidRequest('KMS Key Id is not supported for this encryption type');
  }
  if (type === 'INCREMENTAL_EXPORT') {
    if (window === undefined) {
      throw invalidRequest(
        'Incremental Export Specification expected when export type is set as Incremental Export',
      );
    }
    if (window.ExportFromTime === undefined) {
      throw invalidRequest('ExportFromTime must be provided in IncrementalExportSpecification');
    }
  } else if (window !== undefined) {
    throw invalidRequest(
      type === undefined
        ? 'Export Type expected to be Incremental Export when incremental export specification is provided'
        : 'When Export Type is Full Export , Incremental Export Specification should not be provided',
    );
  }
}

interface Times {
  /** The instant to read the table at; undefined for this one. */
  readonly atMs: number | undefined;
  readonly exportMs: number;
  readonly window?: NonNullable<ExportRecord['window']>;
}

/** Messages and order: DDB-EXPORT-001, 004 */
function readTimes(
  { ExportTime, IncrementalExportSpecification: given }: ExportInput,
  {
    recovery,
    createdMs,
    nowMs,
  }: { readonly recovery: RecoverySetting; readonly createdMs: number; readonly nowMs: number },
): Times {
  const { earliestMs } = restorableTimes(recovery, nowMs);
  const floorMs = Math.floor(earliestMs / 1000) * 1000;
  if (given === undefined) {
    if (ExportTime === undefined) return { atMs: undefined, exportMs: nowMs };
    const atMs = ExportTime.getTime();
    if (atMs < floorMs || atMs > nowMs) throw invalidExportTime('Export Time is invalid');
    return { atMs, exportMs: atMs };
  }
  const fromMs = given.ExportFromTime?.getTime() ?? 0;
  const toMs = given.ExportToTime?.getTime() ?? nowMs;
  const text = (atMs: number): string => `${new Date(atMs).toISOString().slice(0, 19)}Z`;
  if (fromMs < Math.max(floorMs, Math.floor(createdMs / 1000) * 1000)) {
    throw invalidExportTime(
      `Incremental export period from time cannot be less than the table creation time : ${text(fromMs)}`,
    );
  }
  if (toMs > nowMs) {
    throw invalidExportTime(
      `Incremental export period to time cannot be greater than the current time : ${text(toMs)}`,
    );
  }
  if (toMs - fromMs < WINDOW_MIN_MS) {
    throw invalidExportTime(
      'Difference between export period from time and export period to time is less than 15 minutes',
    );
  }
  if (toMs - fromMs > WINDOW_MAX_MS) {
    throw invalidExportTime(
      'Difference between export period from time and export period to time is greater than 24 hours',
    );
  }
  const view = given.ExportViewType ?? 'NEW_AND_OLD_IMAGES';
  // AWS: the start of the window is part of it, its end is not.
  return { atMs: toMs - 1, exportMs: toMs, window: { fromMs, toMs, view } };
}

function describeRequest(
  input: ExportInput,
  ctx: RequestContext,
  { id, digest, exportMs, window }: Times & { readonly id: string; readonly digest: string },
): Omit<ExportRecord, 'arn' | 'tableArn' | 'tableId' | 'past' | 'keyNames'> {
  const { ExportType, S3BucketOwner, S3Prefix, S3SseKmsKeyId } = input;
  return {
    account: ctx.account,
    region: ctx.region,
    id,
    clientToken: input.ClientToken,
    requestDigest: digest,
    principal: ctx.principal,
    startMs: ctx.nowMs,
    exportMs,
    format: input.ExportFormat ?? 'DYNAMODB_JSON',
    ...(ExportType === undefined ? {} : { type: ExportType }),
    ...(window === undefined ? {} : { window }),
    bucket: input.S3Bucket ?? '',
    ...(S3BucketOwner === undefined ? {} : { bucketOwner: S3BucketOwner }),
    ...(S3Prefix === undefined ? {} : { prefix: S3Prefix }),
    encryption: input.S3SseAlgorithm ?? 'AES256',
    ...(S3SseKmsKeyId === undefined ? {} : { encryptionKeyId: S3SseKmsKeyId }),
  };
}

export function digestRequest({ ClientToken: _token, ...rest }: { ClientToken?: unknown }): string {
  return createHash('sha256').update(JSON.stringify(rest)).digest('base64');
}

function statusOf({ endMs, failure }: ExportRecord): 'IN_PROGRESS' | 'COMPLETED' | 'FAILED' {
  if (endMs === undefined) return 'IN_PROGRESS';
  return failure === undefined ? 'COMPLETED' : 'FAILED';
}

function shapeExport(record: ExportRecord): ExportDescription {
  const { window, result, failure, endMs } = record;
  return {
    ExportArn: record.arn,
    ExportStatus: statusOf(record),
    StartTime: new Date(record.startMs),
    ...(endMs === undefined ? {} : { EndTime: new Date(endMs) }),
    ...(result === undefined
      ? {}
      : {
          ExportManifest: result.manifestKey,
          BilledSizeBytes: result.billedBytes,
          ItemCount: result.itemCount,
        }),
    ...(failure === undefined
      ? {}
      : { FailureCode: failure.code, FailureMessage: failure.message }),
    TableArn: record.tableArn,
    TableId: record.tableId,
    ...(window === undefined ? { ExportTime: new Date(record.exportMs) } : {}),
    ...(record.clientToken === undefined ? {} : { ClientToken: record.clientToken }),
    S3Bucket: record.bucket,
    ...(record.bucketOwner === undefined ? {} : { S3BucketOwner: record.bucketOwner }),
    ...(record.prefix === undefined ? {} : { S3Prefix: record.prefix }),
    S3SseAlgorithm: record.encryption,
    ...(record.encryptionKeyId === undefined ? {} : { S3SseKmsKeyId: record.encryptionKeyId }),
    ExportFormat: record.format,
    ...(record.type === undefined ? {} : { ExportType: record.type }),
    ...(window === undefined
      ? {}
      : {
          IncrementalExportSpecification: {
            ExportFromTime: new Date(window.fromMs),
            ExportToTime: new Date(window.toMs),
            ExportViewType: window.view,
          },
        }),
  };
}

export async function describeExport(
  input: InputOf<'dynamodb', 'DescribeExport'>,
  ctx: RequestContext,
): Promise<OutputOf<'dynamodb', 'DescribeExport'>> {
  const arn = input.ExportArn ?? '';
  const [, id] = /^table\/[^/]+\/export\/([^/]+)$/.exec(parseArn(arn)?.resource ?? '') ?? [];
  if (id === undefined) throw invalid('Invalid Export ARN');
  const record = await ctx.store.read((view) => loadExport(view, ctx, id));
  if (record?.arn !== arn) throw exportNotFound(arn);
  return { ExportDescription: shapeExport(record) };
}

/** AWS: of a table, only those of the table that bears the ARN now. DDB-EXPORT-020 */
export async function listExports(
  input: InputOf<'dynamodb', 'ListExports'>,
  ctx: RequestContext,
): Promise<OutputOf<'dynamodb', 'ListExports'>> {
  const limit = input.MaxResults ?? JOBS_PER_PAGE_MAX;
  let before = input.NextToken === undefined ? undefined : readJobToken(input.NextToken, 'export');
  const name = input.TableArn === undefined ? undefined : readTableArn(input.TableArn, ctx);
  const found: ExportRecord[] = [];
  await ctx.store.read(async (view) => {
    const table = name === undefined ? undefined : await loadTable(view, ctx, name);
    const wanted = ({ tableId }: ExportRecord): boolean =>
      name === undefined || tableId === table?.definition.id;
    for (;;) {
      const rows = await listExportPage(view, ctx, { before, limit: JOBS_PER_PAGE_MAX });
      found.push(...rows.filter(wanted));
      before = rows.at(-1)?.id;
      if (found.length > limit || rows.length < JOBS_PER_PAGE_MAX) return;
    }
  });
  const page = found.slice(0, limit);
  const last = page.at(-1);
  return {
    ExportSummaries: page.map((record) => ({
      ExportArn: record.arn,
      ExportStatus: statusOf(record),
      ExportType: record.type ?? 'FULL_EXPORT',
    })),
    ...(found.length > limit && last !== undefined
      ? { NextToken: writeJobToken(last.id, 'export') }
      : {}),
  };
}
