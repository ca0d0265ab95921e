// RestoreTableFromBackup and RestoreTableToPointInTime.
import { randomUuid } from '../../../../base/random.ts';
import type { ReadTx } from '../../../../base/store.ts';
import type { RequestContext } from '../../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../../models/operations.ts';
import { invalid, parameterMissing } from '../../errors.ts';
import { describeTable } from '../../operations/describe-table.ts';
import { readTableName } from '../../rules.ts';
import { loadTable, saveTable } from '../../store.ts';
import type { RecoverySetting, RestoreOrigin, TableDefinition } from '../../table-definition.ts';
import {
  alreadyRestoring,
  backedUpTableNotFound,
  backupInUse,
  backupNotReady,
  invalidRequest,
  invalidRestoreTime,
  recoveryUnavailable,
  targetTableExists,
} from '../errors.ts';
import { pinHistory } from '../history.ts';
import { restorableTimes } from '../recovery.ts';
import { scheduleRestore, type RestoreSource } from '../restore.ts';
import { defineRestored } from '../restored-table.ts';
import { saveBackup } from '../store.ts';
import { requireBackup } from './backups.ts';

type FromBackupInput = InputOf<'dynamodb', 'RestoreTableFromBackup'>;
type ToPointInput = InputOf<'dynamodb', 'RestoreTableToPointInTime'>;
type Output = OutputOf<'dynamodb', 'RestoreTableFromBackup'>;

export async function restoreTableFromBackup(
  input: FromBackupInput,
  ctx: RequestContext,
): Promise<Output> {
  const name = readTableName(input.TargetTableName, ctx);
  const id = randomUuid(ctx.random);
  const made = await ctx.store.transact(async (tx) => {
    const backup = await requireBackup(tx, ctx, input.BackupArn);
    await checkTarget(tx, ctx, name);
    if (backup.content.kind === 'pending') throw backupNotReady(backup.arn);
    if (backup.restores > 0) throw backupInUse(backup.arn, 'another table');
    const origin: RestoreOrigin = {
      backupArn: backup.arn,
      tableArn: backup.source.arn,
      restoredToMs: backup.createdMs,
    };
    const table = defineRestored(ctx, { name, id, origin, source: backup.source, input });
    saveTable(tx, table);
    saveBackup(tx, { ...backup, restores: backup.restores + 1 });
    const source: RestoreSource = { kind: 'backup', backupId: backup.id };
    scheduleRestore(tx, ctx, { tableName: name, tableId: id, source });
    return table;
  });
  return { TableDescription: describeMade(made, ctx) };
}

export async function restoreTableToPointInTime(
  input: ToPointInput,
  ctx: RequestContext,
): Promise<OutputOf<'dynamodb', 'RestoreTableToPointInTime'>> {
  checkShape(input);
  const sourceName = readTableName(input.SourceTableArn ?? input.SourceTableName, ctx);
  const name = readTableName(input.TargetTableName, ctx);
  const id = randomUuid(ctx.random);
  const made = await ctx.store.transact(async (tx) => {
    const source = (await loadTable(tx, ctx, sourceName))?.definition;
    if (source === undefined) throw backedUpTableNotFound(sourceName);
    if (source.recovery === undefined) throw recoveryUnavailable(sourceName);
    const atMs = readRestoreTime(input, source.recovery, ctx.nowMs);
    await checkTarget(tx, ctx, name);
    const { table: pinned, past } = pinHistory(source, {
      job: id,
      ...(atMs === undefined ? {} : { atMs }),
    });
    const origin: RestoreOrigin = { tableArn: source.arn, restoredToMs: atMs ?? ctx.nowMs };
    const table = defineRestored(ctx, { name, id, origin, source, input });
    saveTable(tx, pinned);
    saveTable(tx, table);
    const from: RestoreSource = { kind: 'past', past, job: id };
    scheduleRestore(tx, ctx, { tableName: name, tableId: id, source: from });
    return table;
  });
  return { TableDescription: describeMade(made, ctx) };
}

/** AWS: checks in this order, before it looks for anything. DDB-TABLE-100, 272 */
function checkShape(input: ToPointInput): void {
  if (input.SourceTableArn !== undefined && input.SourceTableName !== undefined) {
    throw invalid('Must provide exactly one of: sourceTableArn, sourceTableName');
  }
  if (input.SourceTableArn === undefined && input.SourceTableName === undefined) {
    throw parameterMissing('TableName');
  }
  const latest = input.UseLatestRestorableTime === true;
  if (input.RestoreDateTime !== undefined && latest) {
    throw invalidRequest(
      'Both RestoreDateTime and UseLatestRestorableTime cannot be set for point-in-time restore request. Please set only one of them.',
    );
  }
  if (input.RestoreDateTime === undefined && !latest) {
    throw invalidRequest(
      'Either one of RestoreDateTime or UseLatestRestorableTime must be specified, but not both',
    );
  }
}

async function checkTarget(view: ReadTx, ctx: RequestContext, name: string): Promise<void> {
  const table = (await loadTable(view, ctx, name))?.definition;
  if (table === undefined) return;
  const { state, origin } = table;
  if (state === 'CREATING' && origin !== undefined) {
    throw alreadyRestoring(name, origin.backupArn ?? origin.tableArn ?? '');
  }
  throw targetTableExists(name);
}

/** Undefined for this very instant. */
function readRestoreTime(
  { RestoreDateTime }: ToPointInput,
  recovery: RecoverySetting,
  nowMs: number,
): number | undefined {
  if (RestoreDateTime === undefined) return undefined;
  const atMs = RestoreDateTime.getTime();
  const times = restorableTimes(recovery, nowMs);
  // Times are often given in whole seconds: the second in which recovery began counts as a whole.
  const floorMs = Math.floor(times.earliestMs / 1000) * 1000;
  if (atMs < floorMs || atMs > times.latestMs) throw invalidRestoreTime(atMs, times);
  return atMs;
}

function describeMade(table: TableDefinition, ctx: RequestContext): Output['TableDescription'] {
  return describeTable(table, { phase: 'CREATING', measure: undefined, nowMs: ctx.nowMs });
}
