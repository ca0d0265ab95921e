// Tags, time to live, limits and endpoints.
import type { Tag } from '@aws-sdk/client-dynamodb';
import type { ReadTx, Tx } from '../../../base/store.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { invalid, invalidParameter, resourceWithArnNotFound } from '../errors.ts';
import { TAGS_MAX } from '../limits.ts';
import { readResourceArn, readTableName } from '../rules.ts';
import {
  loadTable,
  loadTags,
  saveExpiryTimer,
  saveTable,
  saveTags,
  type TableHandle,
} from '../store.ts';
import type { TableDefinition } from '../table-definition.ts';
import { schedulePurge } from '../purge.ts';
import { scheduleExpiryFill } from '../workers.ts';
import { requireNamedTable } from './require-table.ts';

export function readTags(tags: readonly Tag[]): Record<string, string> {
  const read: Record<string, string> = {};
  for (const { Key, Value } of tags) read[Key ?? ''] = Value ?? '';
  if (Object.keys(read).length !== tags.length) {
    throw invalidParameter('There are duplicate tag keys in the request');
  }
  checkTagCount(read);
  return read;
}

function checkTagCount(tags: Readonly<Record<string, string>>): void {
  if (Object.keys(tags).length <= TAGS_MAX) return;
  throw invalid(`One or more parameter values were invalid: Too many tags: more than ${TAGS_MAX}`);
}

async function requireTagged(
  view: ReadTx,
  ctx: RequestContext,
  resourceArn: string | undefined,
): Promise<TableHandle> {
  const table = await loadTable(view, ctx, readResourceArn(resourceArn, ctx));
  if (table === undefined) throw resourceWithArnNotFound(resourceArn ?? '');
  return table;
}

export async function tagResource(
  input: InputOf<'dynamodb', 'TagResource'>,
  ctx: RequestContext,
): Promise<Record<string, never>> {
  const added = readTags(input.Tags ?? []);
  await ctx.store.transact(async (tx) => {
    const table = await requireTagged(tx, ctx, input.ResourceArn);
    const tags = { ...(await loadTags(tx, table)), ...added };
    checkTagCount(tags);
    saveTags(tx, table, tags);
  });
  return {};
}

export async function untagResource(
  input: InputOf<'dynamodb', 'UntagResource'>,
  ctx: RequestContext,
): Promise<Record<string, never>> {
  const removed = new Set(input.TagKeys ?? []);
  await ctx.store.transact(async (tx) => {
    const table = await requireTagged(tx, ctx, input.ResourceArn);
    const kept = Object.entries(await loadTags(tx, table)).filter(([key]) => !removed.has(key));
    saveTags(tx, table, Object.fromEntries(kept));
  });
  return {};
}

/** All tags fit one page: there are fifty at most. */
export async function listTagsOfResource(
  input: InputOf<'dynamodb', 'ListTagsOfResource'>,
  ctx: RequestContext,
): Promise<OutputOf<'dynamodb', 'ListTagsOfResource'>> {
  if (input.NextToken !== undefined)
    throw invalidParameter(`Invalid NextToken: ${input.NextToken}`);
  const tags = await ctx.store.read(async (view) =>
    loadTags(view, await requireTagged(view, ctx, input.ResourceArn)),
  );
  return { Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) };
}

export async function updateTimeToLive(
  input: InputOf<'dynamodb', 'UpdateTimeToLive'>,
  ctx: RequestContext,
): Promise<OutputOf<'dynamodb', 'UpdateTimeToLive'>> {
  const name = readTableName(input.TableName, ctx);
  const attribute = input.TimeToLiveSpecification?.AttributeName ?? '';
  const enabled = input.TimeToLiveSpecification?.Enabled === true;
  await ctx.store.transact(async (tx) => {
    const { definition } = await requireNamedTable(tx, ctx, name);
    const { expiry, replication } = definition;
    checkReplicas(definition);
    checkExpiryChange(expiry?.attribute, { attribute, enabled });
    const wanted = enabled ? attribute : undefined;
    await changeExpiry(tx, ctx, { name, wanted });
    // AWS: all regions of a global table share the setting.
    for (const { region } of replication?.members ?? []) {
      await changeExpiry(tx, { ...ctx, region }, { name, wanted });
    }
  });
  return { TimeToLiveSpecification: { Enabled: enabled, AttributeName: attribute } };
}

function checkReplicas({ name, replication }: TableDefinition): void {
  const added = replication?.members.find(({ state }) => state === 'CREATING');
  if (added !== undefined) {
    throw invalid(
      `Create/Update/Delete of replica is not allowed while the replica is being added to table with name: ‘${name}’ in region: ‘${added.region}’.`,
    );
  }
  if (replication?.consistency === 'STRONG') {
    throw invalid(
      'Time to Live is not supported for global tables with MultiRegionConsistency set to STRONG.',
    );
  }
}

/** Lets items expire by another attribute, or by none, in one region. */
async function changeExpiry(
  tx: Tx,
  ctx: RequestContext,
  { name, wanted }: { readonly name: string; readonly wanted: string | undefined },
): Promise<void> {
  const table = await loadTable(tx, ctx, name);
  if (table === undefined) return;
  const { expiry, ...rest } = table.definition;
  const { id: tableId } = rest;
  if (expiry !== undefined) {
    saveExpiryTimer(tx, table, undefined);
    await ctx.timers.cancel(tx, 'dynamodb/expire', tableId);
    schedulePurge(tx, ctx, { kind: 'expiries', tableId, generation: expiry.generation });
  }
  if (wanted === undefined) {
    saveTable(tx, rest);
    return;
  }
  const generation = rest.nextExpiryGeneration;
  const nextExpiryGeneration = generation + 1;
  saveTable(tx, { ...rest, expiry: { attribute: wanted, generation }, nextExpiryGeneration });
  scheduleExpiryFill(tx, ctx, { tableName: name, tableId, generation });
}

function checkExpiryChange(
  current: string | undefined,
  { attribute, enabled }: { readonly attribute: string; readonly enabled: boolean },
): void {
  if (!enabled && current === undefined) throw invalid('TimeToLive is already disabled');
  if (current !== undefined && current !== attribute) {
    throw invalid(
      `TimeToLive is active on a different AttributeName: current AttributeName is ${current}`,
    );
  }
  if (enabled && current !== undefined) throw invalid('TimeToLive is already enabled');
}

export async function describeTimeToLive(
  input: InputOf<'dynamodb', 'DescribeTimeToLive'>,
  ctx: RequestContext,
): Promise<OutputOf<'dynamodb', 'DescribeTimeToLive'>> {
  const name = readTableName(input.TableName, ctx);
  const { definition } = await ctx.store.read((view) => requireNamedTable(view, ctx, name));
  return {
    TimeToLiveDescription:
      definition.expiry === undefined
        ? { TimeToLiveStatus: 'DISABLED' }
        : { TimeToLiveStatus: 'ENABLED', AttributeName: definition.expiry.attribute },
  };
}

/** The quotas of a new AWS account. */
export async function describeLimits(): Promise<OutputOf<'dynamodb', 'DescribeLimits'>> {
  return {
    AccountMaxReadCapacityUnits: 80_000,
    AccountMaxWriteCapacityUnits: 80_000,
    TableMaxReadCapacityUnits: 40_000,
    TableMaxWriteCapacityUnits: 40_000,
  };
}

export async function describeEndpoints(
  _input: InputOf<'dynamodb', 'DescribeEndpoints'>,
  ctx: RequestContext,
): Promise<OutputOf<'dynamodb', 'DescribeEndpoints'>> {
  return { Endpoints: [{ Address: new URL(ctx.endpoint).host, CachePeriodInMinutes: 1440 }] };
}
