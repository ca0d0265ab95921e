// CreateLogStream, DeleteLogStream, DescribeLogStreams.
import { randomUuid } from '../../../base/random.ts';
import type { KeyPart, ReadTx } from '../../../base/store.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { invalidParameter, streamExists } from '../errors.ts';
import { DESCRIBE_LIMIT } from '../limits.ts';
import type { LogGroup, LogStream } from '../log-group.ts';
import { groupArn } from '../log-group.ts';
import { deleteStream, findStream, listStreams, listStreamsByTime, putStream } from '../store.ts';
import { scheduleErase } from '../workers.ts';
import { readGroupName, requireGroup, requireStream } from './locate-group.ts';
import { readToken, writeToken } from './page-token.ts';

export async function createLogStream(
  input: InputOf<'logs', 'CreateLogStream'>,
  ctx: RequestContext,
): Promise<OutputOf<'logs', 'CreateLogStream'>> {
  const stream: LogStream = {
    name: input.logStreamName ?? '',
    id: randomUuid(ctx.random),
    createdMs: ctx.nowMs,
    storedBytes: 0,
  };
  await ctx.store.transact(async (tx) => {
    const group = await requireGroup(tx, ctx, input.logGroupName);
    if ((await findStream(tx, group, stream.name)) !== undefined) throw streamExists();
    putStream(tx, group, { stream, previous: undefined });
  });
  return {};
}

export async function deleteLogStream(
  input: InputOf<'logs', 'DeleteLogStream'>,
  ctx: RequestContext,
): Promise<OutputOf<'logs', 'DeleteLogStream'>> {
  await ctx.store.transact(async (tx) => {
    const group = await requireGroup(tx, ctx, input.logGroupName);
    const stream = await requireStream(tx, group, input.logStreamName);
    deleteStream(tx, group, stream);
    scheduleErase(tx, ctx, { scope: group, what: { streamId: stream.id } });
  });
  return {};
}

export async function describeLogStreams(
  input: InputOf<'logs', 'DescribeLogStreams'>,
  ctx: RequestContext,
): Promise<OutputOf<'logs', 'DescribeLogStreams'>> {
  const name = readGroupName(input);
  const isByTime = input.orderBy === 'LastEventTime';
  if (isByTime && input.logStreamNamePrefix !== undefined) {
    throw invalidParameter('Cannot order by LastEventTime with a logStreamNamePrefix.');
  }
  const limit = input.limit ?? DESCRIBE_LIMIT;
  const after = readToken(input.nextToken, isByTime ? 2 : 1);
  const { group, found } = await ctx.store.read(async (view) => {
    const owner = await requireGroup(view, ctx, name);
    const query = { after, limit: limit + 1, reverse: input.descending ?? false };
    const streams = isByTime
      ? await listStreamsByTime(view, owner, query)
      : await byName(view, owner, { ...query, prefix: input.logStreamNamePrefix ?? '' });
    return { group: owner, found: streams };
  });
  const page = found.slice(0, limit);
  return {
    logStreams: page.map(({ stream }) => describeStream(group, stream)),
    ...writeToken(found.length > limit ? page.at(-1)?.place : undefined),
  };
}

interface NameQuery {
  readonly after: readonly KeyPart[] | undefined;
  readonly limit: number;
  readonly reverse: boolean;
  readonly prefix: string;
}

async function byName(
  view: ReadTx,
  group: LogGroup,
  { after, limit, reverse, prefix }: NameQuery,
): Promise<{ stream: LogStream; place: readonly KeyPart[] }[]> {
  const [name] = after ?? [];
  const streams = await listStreams(view, group, {
    prefix,
    after: name === undefined ? undefined : String(name),
    limit,
    reverse,
  });
  return streams.map((stream) => ({ stream, place: [stream.name] }));
}

function describeStream(
  group: LogGroup,
  stream: LogStream,
): NonNullable<OutputOf<'logs', 'DescribeLogStreams'>['logStreams']>[number] {
  return {
    logStreamName: stream.name,
    creationTime: stream.createdMs,
    ...(stream.firstEventMs === undefined ? {} : { firstEventTimestamp: stream.firstEventMs }),
    ...(stream.lastEventMs === undefined ? {} : { lastEventTimestamp: stream.lastEventMs }),
    ...(stream.lastIngestedMs === undefined ? {} : { lastIngestionTime: stream.lastIngestedMs }),
    arn: `${groupArn(group)}:log-stream:${stream.name}`,
    // AWS: always zero for streams since June 2019. Source: API reference, LogStream.
    storedBytes: 0,
  };
}
