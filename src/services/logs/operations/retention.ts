// PutRetentionPolicy and DeleteRetentionPolicy.
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { invalidParameter } from '../errors.ts';
import { RETENTION_DAYS } from '../limits.ts';
import { putGroup } from '../store.ts';
import { scheduleExpiry } from '../workers.ts';
import { requireGroup } from './locate-group.ts';

export async function putRetentionPolicy(
  input: InputOf<'logs', 'PutRetentionPolicy'>,
  ctx: RequestContext,
): Promise<OutputOf<'logs', 'PutRetentionPolicy'>> {
  const retentionDays = input.retentionInDays ?? 0;
  if (!RETENTION_DAYS.has(retentionDays)) {
    throw invalidParameter(
      `1 validation error detected: Value '${retentionDays}' at 'retentionInDays' failed to satisfy ` +
        `constraint: Member must satisfy enum value set: [${[...RETENTION_DAYS].join(', ')}]`,
    );
  }
  await ctx.store.transact(async (tx) => {
    const group = { ...(await requireGroup(tx, ctx, input.logGroupName)), retentionDays };
    putGroup(tx, group);
    scheduleExpiry(tx, ctx, { group, dueMs: ctx.nowMs });
  });
  return {};
}

export async function deleteRetentionPolicy(
  input: InputOf<'logs', 'DeleteRetentionPolicy'>,
  ctx: RequestContext,
): Promise<OutputOf<'logs', 'DeleteRetentionPolicy'>> {
  await ctx.store.transact(async (tx) => {
    const group = await requireGroup(tx, ctx, input.logGroupName);
    putGroup(tx, { ...group, retentionDays: undefined });
  });
  return {};
}
