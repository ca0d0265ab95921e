// DescribeContinuousBackups and UpdateContinuousBackups.
import type { ContinuousBackupsDescription } from '@aws-sdk/client-dynamodb';
import type { ReadTx } from '../../../../base/store.ts';
import type { RequestContext } from '../../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../../models/operations.ts';
import { readTableName } from '../../rules.ts';
import { loadTable, saveTable } from '../../store.ts';
import type { TableDefinition } from '../../table-definition.ts';
import { backedUpTableNotFound, invalidRequest } from '../errors.ts';
import { RECOVERY_PERIOD_DEFAULT_DAYS } from '../limits.ts';
import { disableRecovery, enableRecovery, restorableTimes } from '../recovery.ts';

export async function describeContinuousBackups(
  input: InputOf<'dynamodb', 'DescribeContinuousBackups'>,
  ctx: RequestContext,
): Promise<OutputOf<'dynamodb', 'DescribeContinuousBackups'>> {
  const name = readTableName(input.TableName, ctx);
  const table = await ctx.store.read((view) => requireBackedUpTable(view, ctx, name));
  return { ContinuousBackupsDescription: shapeBackups(table, ctx.nowMs) };
}

async function requireBackedUpTable(
  view: ReadTx,
  ctx: RequestContext,
  name: string,
): Promise<TableDefinition> {
  const table = await loadTable(view, ctx, name);
  if (table === undefined || table.definition.state === 'CREATING') {
    throw backedUpTableNotFound(name);
  }
  return table.definition;
}

export async function updateContinuousBackups(
  input: InputOf<'dynamodb', 'UpdateContinuousBackups'>,
  ctx: RequestContext,
): Promise<OutputOf<'dynamodb', 'UpdateContinuousBackups'>> {
  const name = readTableName(input.TableName, ctx);
  const { PointInTimeRecoveryEnabled: enabled, RecoveryPeriodInDays: days } =
    input.PointInTimeRecoverySpecification ?? {};
  if (enabled !== true && days !== undefined) {
    throw invalidRequest(
      'Cannot specify RecoveryPeriodInDays when disabling point-in-time recovery.',
    );
  }
  const changed = await ctx.store.transact(async (tx) => {
    const table = await requireBackedUpTable(tx, ctx, name);
    const periodDays = days ?? RECOVERY_PERIOD_DEFAULT_DAYS;
    const definition =
      enabled === true
        ? enableRecovery(tx, ctx, { table, periodDays })
        : await disableRecovery(tx, ctx, table);
    saveTable(tx, definition);
    return definition;
  });
  return { ContinuousBackupsDescription: shapeBackups(changed, ctx.nowMs) };
}

/** AWS: continuous backups are always on, their use for recovery is off until asked for. */
function shapeBackups({ recovery }: TableDefinition, nowMs: number): ContinuousBackupsDescription {
  if (recovery === undefined) {
    return {
      ContinuousBackupsStatus: 'ENABLED',
      PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus: 'DISABLED' },
    };
  }
  const { earliestMs, latestMs } = restorableTimes(recovery, nowMs);
  return {
    ContinuousBackupsStatus: 'ENABLED',
    PointInTimeRecoveryDescription: {
      PointInTimeRecoveryStatus: 'ENABLED',
      RecoveryPeriodInDays: recovery.periodDays,
      EarliestRestorableDateTime: new Date(earliestMs),
      LatestRestorableDateTime: new Date(latestMs),
    },
  };
}
