// CreateLogGroup, DeleteLogGroup, DescribeLogGroups, ListLogGroups, PutLogGroupDeletionProtection.
import { randomUuid } from '../../../base/random.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { groupExists, invalidParameter, protectedFromDeletion, unsupported } from '../errors.ts';
import { DESCRIBE_LIMIT, ERASE_BATCH } from '../limits.ts';
import type { LogGroup } from '../log-group.ts';
import { groupArn, groupNameOf } from '../log-group.ts';
import {
  deleteGroup,
  findGroup,
  listGroups as findGroups,
  listStreams,
  putGroup,
} from '../store.ts';
import { scheduleErase } from '../workers.ts';
import { requireGroup } from './locate-group.ts';
import { readToken, writeToken } from './page-token.ts';

export async function createLogGroup(
  input: InputOf<'logs', 'CreateLogGroup'>,
  ctx: RequestContext,
): Promise<OutputOf<'logs', 'CreateLogGroup'>> {
  if (input.kmsKeyId !== undefined) throw unsupported('encryption with KMS keys');
  checkClass(input.logGroupClass);
  const group: LogGroup = {
    account: ctx.account,
    region: ctx.region,
    name: input.logGroupName ?? '',
    id: randomUuid(ctx.random),
    createdMs: ctx.nowMs,
    isProtected: input.deletionProtectionEnabled ?? false,
    tags: input.tags ?? {},
  };
  await ctx.store.transact(async (tx) => {
    if ((await findGroup(tx, ctx, group.name)) !== undefined) throw groupExists();
    putGroup(tx, group);
  });
  return {};
}

export async function deleteLogGroup(
  input: InputOf<'logs', 'DeleteLogGroup'>,
  ctx: RequestContext,
): Promise<OutputOf<'logs', 'DeleteLogGroup'>> {
  await ctx.store.transact(async (tx) => {
    const group = await requireGroup(tx, ctx, input.logGroupName);
    if (group.isProtected) throw protectedFromDeletion();
    deleteGroup(tx, group);
    scheduleErase(tx, ctx, { scope: group, what: { groupId: group.id } });
  });
  return {};
}

export async function putLogGroupDeletionProtection(
  input: InputOf<'logs', 'PutLogGroupDeletionProtection'>,
  ctx: RequestContext,
): Promise<OutputOf<'logs', 'PutLogGroupDeletionProtection'>> {
  await ctx.store.transact(async (tx) => {
    const group = await requireGroup(tx, ctx, groupNameOf(input.logGroupIdentifier ?? ''));
    putGroup(tx, { ...group, isProtected: input.deletionProtectionEnabled ?? false });
  });
  return {};
}

export async function describeLogGroups(
  input: InputOf<'logs', 'DescribeLogGroups'>,
  ctx: RequestContext,
): Promise<OutputOf<'logs', 'DescribeLogGroups'>> {
  if (input.logGroupNamePrefix !== undefined && input.logGroupNamePattern !== undefined) {
    throw invalidParameter(
      'LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.',
    );
  }
  if (input.includeLinkedAccounts === true) throw unsupported('linked accounts');
  checkClass(input.logGroupClass);
  const names = input.logGroupIdentifiers?.map(groupNameOf);
  const matches = (name: string): boolean =>
    name.includes(input.logGroupNamePattern ?? '') && (names?.includes(name) ?? true);
  const { page, next } = await collect(ctx, {
    prefix: input.logGroupNamePrefix ?? '',
    token: input.nextToken,
    limit: input.limit ?? DESCRIBE_LIMIT,
    matches,
  });
  const logGroups = await Promise.all(page.map((group) => describeGroup(ctx, group)));
  return { logGroups, ...writeToken(next) };
}

export async function listLogGroups(
  input: InputOf<'logs', 'ListLogGroups'>,
  ctx: RequestContext,
): Promise<OutputOf<'logs', 'ListLogGroups'>> {
  if (input.includeLinkedAccounts === true) throw unsupported('linked accounts');
  if (input.dataSources !== undefined || input.fieldIndexNames !== undefined) {
    throw unsupported('data sources and field indexes');
  }
  if (input.logGroupTags !== undefined) throw unsupported('filtering log groups by tag');
  checkClass(input.logGroupClass);
  // The model allows names, `^` and `|` only, so the pattern is a sound regular expression.
  const pattern = new RegExp(input.logGroupNamePattern?.replaceAll('.', '\\.') ?? '');
  const { page, next } = await collect(ctx, {
    prefix: '',
    token: input.nextToken,
    limit: input.limit ?? DESCRIBE_LIMIT,
    matches: (name) => pattern.test(name),
  });
  return {
    logGroups: page.map((group) => ({
      logGroupName: group.name,
      logGroupArn: groupArn(group),
      logGroupClass: 'STANDARD' as const,
    })),
    ...writeToken(next),
  };
}

interface Query {
  readonly prefix: string;
  readonly token: string | undefined;
  readonly limit: number;
  readonly matches: (name: string) => boolean;
}

/** A page of groups whose names match, in order of name, and where the next page begins. */
async function collect(
  ctx: RequestContext,
  { prefix, token, limit, matches }: Query,
): Promise<{ page: LogGroup[]; next: [string] | undefined }> {
  const [start] = readToken(token, 1) ?? [];
  const found: LogGroup[] = [];
  let after = start === undefined ? undefined : String(start);
  while (found.length <= limit) {
    const from = after;
    const groups = await ctx.store.read((view) =>
      findGroups(view, ctx, { prefix, after: from, limit: ERASE_BATCH }),
    );
    found.push(...groups.filter(({ name }) => matches(name)));
    after = groups.at(-1)?.name;
    if (groups.length < ERASE_BATCH) break;
  }
  const page = found.slice(0, limit);
  const last = page.at(-1);
  return { page, next: found.length > limit && last !== undefined ? [last.name] : undefined };
}

async function describeGroup(
  ctx: RequestContext,
  group: LogGroup,
): Promise<NonNullable<OutputOf<'logs', 'DescribeLogGroups'>['logGroups']>[number]> {
  return {
    logGroupName: group.name,
    creationTime: group.createdMs,
    ...(group.retentionDays === undefined ? {} : { retentionInDays: group.retentionDays }),
    metricFilterCount: 0,
    arn: `${groupArn(group)}:*`,
    logGroupArn: groupArn(group),
    storedBytes: await measureGroup(ctx, group),
    logGroupClass: 'STANDARD',
    deletionProtectionEnabled: group.isProtected,
  };
}

/** The bytes of all streams: summed when asked, so that writers share no counter. */
async function measureGroup(ctx: RequestContext, group: LogGroup): Promise<number> {
  let bytes = 0;
  for (let after: string | undefined; ;) {
    const from = after;
    const page = await ctx.store.read((view) =>
      listStreams(view, group, { prefix: '', after: from, limit: ERASE_BATCH }),
    );
    for (const { storedBytes } of page) bytes += storedBytes;
    after = page.at(-1)?.name;
    if (page.length < ERASE_BATCH) return bytes;
  }
}

function checkClass(logGroupClass: string | undefined): void {
  if (logGroupClass === undefined || logGroupClass === 'STANDARD') return;
  throw unsupported(`log groups of the class ${logGroupClass}`);
}
