// CreateBackup, DescribeBackup, ListBackups and DeleteBackup.
import type { BackupDescription, BackupDetails, BackupSummary } from '@aws-sdk/client-dynamodb';
import { parseArn } from '../../../../base/arn.ts';
import type { ReadTx } from '../../../../base/store.ts';
import type { RequestContext, Scope } from '../../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../../models/operations.ts';
import { measureTable } from '../../operations/measure.ts';
import { invalid, invalidParameter } from '../../errors.ts';
import { readTableName } from '../../rules.ts';
import { loadTable } from '../../store.ts';
import { beginBackup, removeBackup, timedId } from '../backup-life.ts';
import {
  backedUpTableNotFound,
  backupInUse,
  backupNotFound,
  backupNotReady,
  invalidRequest,
} from '../errors.ts';
import { BACKUPS_PER_PAGE_MAX } from '../limits.ts';
import { shapeBackedUpFeatures, shapeBackedUpTable } from '../source-table.ts';
import { listBackupPage, loadBackup, type BackupRecord } from '../store.ts';

export async function createBackup(
  input: InputOf<'dynamodb', 'CreateBackup'>,
  ctx: RequestContext,
): Promise<OutputOf<'dynamodb', 'CreateBackup'>> {
  const tableName = readTableName(input.TableName, ctx);
  const found = await ctx.store.read((view) => loadTable(view, ctx, tableName));
  if (found === undefined) throw backedUpTableNotFound(tableName);
  const { table: size } = await measureTable(ctx, found);
  const backup = { id: timedId(ctx), name: input.BackupName ?? '', size };
  const record = await ctx.store.transact(async (tx) => {
    const table = await loadTable(tx, ctx, tableName);
    // AWS: a table that is being made does not exist for backups yet.
    if (table === undefined || table.definition.state === 'CREATING') {
      throw backedUpTableNotFound(tableName);
    }
    return beginBackup(tx, ctx, { source: table.definition, backup });
  });
  return { BackupDetails: shapeDetails(record) };
}

function shapeDetails(backup: BackupRecord): BackupDetails {
  return {
    BackupArn: backup.arn,
    BackupName: backup.name,
    BackupSizeBytes: backup.itemBytes,
    BackupStatus: backup.content.kind === 'pending' ? 'CREATING' : 'AVAILABLE',
    BackupType: backup.type,
    BackupCreationDateTime: new Date(backup.createdMs),
    ...(backup.expiresMs === undefined
      ? {}
      : { BackupExpiryDateTime: new Date(backup.expiresMs) }),
  };
}

function shapeDescription(backup: BackupRecord): BackupDescription {
  return {
    BackupDetails: shapeDetails(backup),
    SourceTableDetails: shapeBackedUpTable(backup.source, {
      items: backup.itemCount,
      bytes: backup.itemBytes,
    }),
    SourceTableFeatureDetails: shapeBackedUpFeatures(backup.source),
  };
}

function readBackupId(arn: string | undefined): string {
  const parsed = parseArn(arn ?? '');
  const [, id] = /^table\/[^/]+\/backup\/([^/]+)$/.exec(parsed?.resource ?? '') ?? [];
  if (parsed?.service !== 'dynamodb' || id === undefined) throw invalid('Invalid Backup ARN');
  return id;
}

export async function requireBackup(
  view: ReadTx,
  scope: Scope,
  arn: string | undefined,
): Promise<BackupRecord> {
  const id = readBackupId(arn);
  const backup = await loadBackup(view, scope, id);
  if (backup === undefined || backup.arn !== arn) throw backupNotFound(arn ?? '');
  return backup;
}

export async function describeBackup(
  input: InputOf<'dynamodb', 'DescribeBackup'>,
  ctx: RequestContext,
): Promise<OutputOf<'dynamodb', 'DescribeBackup'>> {
  const backup = await ctx.store.read((view) => requireBackup(view, ctx, input.BackupArn));
  return { BackupDescription: shapeDescription(backup) };
}

export async function deleteBackup(
  input: InputOf<'dynamodb', 'DeleteBackup'>,
  ctx: RequestContext,
): Promise<OutputOf<'dynamodb', 'DeleteBackup'>> {
  const backup = await ctx.store.transact(async (tx) => {
    const found = await requireBackup(tx, ctx, input.BackupArn);
    const { arn, type, content, restores, expiresMs = 0 } = found;
    if (type === 'SYSTEM') {
      const expiry = new Date(expiresMs).toISOString();
      throw invalidRequest(
        `User is not allowed to delete the system backup with arn ${arn}. It will automatically expire on ${expiry}`,
      );
    }
    if (content.kind === 'pending') throw backupNotReady(arn);
    if (restores > 0) throw backupInUse(arn, 'table');
    await removeBackup(tx, ctx, found);
    return found;
  });
  const description = shapeDescription(backup);
  const details: BackupDetails = { ...shapeDetails(backup), BackupStatus: 'DELETED' };
  return { BackupDescription: { ...description, BackupDetails: details } };
}

type ListInput = InputOf<'dynamodb', 'ListBackups'>;

export async function listBackups(
  input: ListInput,
  ctx: RequestContext,
): Promise<OutputOf<'dynamodb', 'ListBackups'>> {
  const limit = input.Limit ?? BACKUPS_PER_PAGE_MAX;
  const { TimeRangeLowerBound: from, TimeRangeUpperBound: to } = input;
  if (from !== undefined && to !== undefined && from > to) {
    throw invalidParameter('Time range lower bound must be less than or equal to upper bound');
  }
  const tableName =
    input.TableName === undefined ? undefined : readTableName(input.TableName, ctx);
  const wanted = (backup: BackupRecord): boolean => isListed(input, tableName, backup);
  const found = await ctx.store.read((view) => findBackups(view, ctx, { input, wanted, limit }));
  const page = found.slice(0, limit);
  const last = page.at(-1);
  return {
    BackupSummaries: page.map(shapeSummary),
    ...(found.length > limit && last !== undefined ? { LastEvaluatedBackupArn: last.arn } : {}),
  };
}

/** One more than `limit`, when there are so many. */
async function findBackups(
  view: ReadTx,
  ctx: RequestContext,
  {
    input,
    wanted,
    limit,
  }: {
    readonly input: ListInput;
    readonly wanted: (backup: BackupRecord) => boolean;
    readonly limit: number;
  },
): Promise<BackupRecord[]> {
  const found: BackupRecord[] = [];
  const start = input.ExclusiveStartBackupArn;
  let after = start === undefined ? undefined : readBackupId(start);
  for (;;) {
    const rows = await listBackupPage(view, ctx, { after, limit: BACKUPS_PER_PAGE_MAX });
    found.push(...rows.filter(wanted));
    after = rows.at(-1)?.id;
    if (found.length > limit || rows.length < BACKUPS_PER_PAGE_MAX) return found;
  }
}

/** AWS: the lower bound is inclusive, the upper bound is not; other types must be asked for. */
function isListed(
  { TimeRangeLowerBound: from, TimeRangeUpperBound: to, BackupType: type = 'USER' }: ListInput,
  tableName: string | undefined,
  backup: BackupRecord,
): boolean {
  return (
    (tableName === undefined || backup.source.name === tableName) &&
    (type === 'ALL' || backup.type === type) &&
    (from === undefined || backup.createdMs >= from.getTime()) &&
    (to === undefined || backup.createdMs < to.getTime())
  );
}

function shapeSummary(backup: BackupRecord): BackupSummary {
  return {
    TableName: backup.source.name,
    TableId: backup.source.id,
    TableArn: backup.source.arn,
    ...shapeDetails(backup),
  };
}
