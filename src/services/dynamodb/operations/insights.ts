// UpdateContributorInsights, DescribeContributorInsights and ListContributorInsights.
import type { ReadTx } from '../../../base/store.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { invalidParameter, resourceNotFound } from '../errors.ts';
import { listInsights, loadInsights, saveInsights, type InsightsRecord } from '../insights-store.ts';
import { readTableName } from '../rules.ts';
import { findIndex, type TableDefinition } from '../table-definition.ts';
import { requireNamedTable } from './require-table.ts';

const PAGE_MAX = 100;

async function requireTarget(
  view: ReadTx,
  ctx: RequestContext,
  { name, indexName }: { readonly name: string; readonly indexName: string | undefined },
): Promise<TableDefinition> {
  const { definition } = await requireNamedTable(view, ctx, name);
  const index = indexName === undefined ? undefined : findIndex(definition, indexName);
  if (indexName !== undefined && index?.global !== true) throw resourceNotFound();
  return definition;
}

export async function updateContributorInsights(
  input: InputOf<'dynamodb', 'UpdateContributorInsights'>,
  ctx: RequestContext,
): Promise<OutputOf<'dynamodb', 'UpdateContributorInsights'>> {
  const name = readTableName(input.TableName, ctx);
  const { IndexName: indexName, ContributorInsightsAction: action } = input;
  const enabled = action === 'ENABLE';
  const record = await ctx.store.transact(async (tx) => {
    await requireTarget(tx, ctx, { name, indexName });
    const place = { tableName: name, indexName: indexName ?? '' };
    const current = await loadInsights(tx, ctx, place);
    const mode = input.ContributorInsightsMode ?? current?.mode ?? 'ACCESSED_AND_THROTTLED_KEYS';
    const changed: InsightsRecord = { ...place, enabled, mode, changedMs: ctx.nowMs };
    saveInsights(tx, ctx, changed);
    return changed;
  });
  return {
    TableName: name,
    ...(indexName === undefined ? {} : { IndexName: indexName }),
    ContributorInsightsStatus: enabled ? 'ENABLING' : 'DISABLING',
    ContributorInsightsMode: record.mode,
  };
}

export async function describeContributorInsights(
  input: InputOf<'dynamodb', 'DescribeContributorInsights'>,
  ctx: RequestContext,
): Promise<OutputOf<'dynamodb', 'DescribeContributorInsights'>> {
  const name = readTableName(input.TableName, ctx);
  const { IndexName: indexName } = input;
  const { table, record } = await ctx.store.read(async (view) => ({
    table: await requireTarget(view, ctx, { name, indexName }),
    record: await loadInsights(view, ctx, { tableName: name, indexName: indexName ?? '' }),
  }));
  const target = { TableName: name, ...(indexName === undefined ? {} : { IndexName: indexName }) };
  if (record === undefined) return { ...target, ContributorInsightsStatus: 'DISABLED' };
  return {
    ...target,
    ...(record.enabled ? { ContributorInsightsRuleList: ruleNames(table, record) } : {}),
    ContributorInsightsStatus: record.enabled ? 'ENABLED' : 'DISABLED',
    LastUpdateDateTime: new Date(record.changedMs),
    ContributorInsightsMode: record.mode,
  };
}

/**
 * AWS: most accessed and most throttled keys, partition keys and, with a sort key, whole keys.
 * <developer guide, "How CloudWatch Contributor Insights for DynamoDB works">
 */
function ruleNames(table: TableDefinition, { tableName, indexName, mode, changedMs }: InsightsRecord): string[] {
  const key = findIndex(table, indexName)?.key ?? table.key;
  const kinds = [
    ...(mode === 'THROTTLED_KEYS' ? [] : ['PKC']),
    'PKT',
    ...(key.sort === undefined || mode === 'THROTTLED_KEYS' ? [] : ['SKC']),
    ...(key.sort === undefined ? [] : ['SKT']),
  ];
  const target = indexName === '' ? tableName : `${tableName}-${indexName}`;
  return kinds.map((kind) => `DynamoDBContributorInsights-${kind}-${target}-${changedMs}`);
}

export async function listContributorInsights(
  input: InputOf<'dynamodb', 'ListContributorInsights'>,
  ctx: RequestContext,
): Promise<OutputOf<'dynamodb', 'ListContributorInsights'>> {
  const tableName =
    input.TableName === undefined ? undefined : readTableName(input.TableName, ctx);
  const limit = input.MaxResults ?? PAGE_MAX;
  const after = input.NextToken === undefined ? undefined : readToken(input.NextToken);
  const found = await ctx.store.read(async (view) => {
    if (tableName !== undefined) await requireNamedTable(view, ctx, tableName);
    return listInsights(view, ctx, { tableName, after, limit: limit + 1 });
  });
  const page = found.slice(0, limit);
  const last = page.at(-1);
  return {
    ContributorInsightsSummaries: page.map((record) => ({
      TableName: record.tableName,
      ...(record.indexName === '' ? {} : { IndexName: record.indexName }),
      ContributorInsightsStatus: record.enabled ? 'ENABLED' : 'DISABLED',
      ContributorInsightsMode: record.mode,
    })),
    ...(found.length > limit && last !== undefined
      ? { NextToken: writeToken(last) }
      : {}),
  };
}

function writeToken({ tableName, indexName }: Pick<InsightsRecord, 'tableName' | 'indexName'>): string {
  return Buffer.from(`${tableName}/${indexName}`).toString('base64url');
}

function readToken(token: string): Pick<InsightsRecord, 'tableName' | 'indexName'> {
  const [tableName, indexName, rest] = Buffer.from(token, 'base64url').toString().split('/');
  if (tableName === undefined || indexName === undefined || rest !== undefined) {
    throw invalidParameter(`Invalid NextToken: ${token}`);
  }
  return { tableName, indexName };
}
