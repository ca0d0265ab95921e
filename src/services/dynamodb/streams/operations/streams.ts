// ListStreams and DescribeStream.
import type { RequestContext } from '../../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../../models/operations.ts';
import { shapeKey } from '../../operations/describe-table.ts';
import { limitTooHigh } from '../errors.ts';
import { RETENTION_MS, SHARDS_PER_PAGE_MAX, STREAMS_PER_PAGE_MAX } from '../limits.ts';
import { sequenceText, type Shard } from '../shard.ts';
import { listShards, listStreams as listStoredStreams } from '../store.ts';
import { readStreamArn, requireStream } from './require-stream.ts';

export async function listStreams(
  input: InputOf<'dynamodbstreams', 'ListStreams'>,
  ctx: RequestContext,
): Promise<OutputOf<'dynamodbstreams', 'ListStreams'>> {
  const limit = readLimit(input.Limit, STREAMS_PER_PAGE_MAX);
  const { TableName: tableName, ExclusiveStartStreamArn: start } = input;
  const after = start === undefined ? undefined : readStreamArn(start, ctx);
  const found = await ctx.store.read((view) =>
    listStoredStreams(view, ctx, { tableName, after, limit: limit + 1 }),
  );
  const page = found.slice(0, limit);
  const last = page.at(-1);
  return {
    Streams: page.map((stream) => ({
      StreamArn: stream.arn,
      TableName: stream.tableName,
      StreamLabel: stream.label,
    })),
    ...(found.length > limit && last !== undefined ? { LastEvaluatedStreamArn: last.arn } : {}),
  };
}

export function readLimit(given: number | undefined, max: number): number {
  if (given !== undefined && given > max) throw limitTooHigh(given, max);
  return given ?? max;
}

export async function describeStream(
  input: InputOf<'dynamodbstreams', 'DescribeStream'>,
  ctx: RequestContext,
): Promise<OutputOf<'dynamodbstreams', 'DescribeStream'>> {
  const limit = readLimit(input.Limit, SHARDS_PER_PAGE_MAX);
  const arn = input.StreamArn ?? '';
  const { stream, shards } = await ctx.store.read(async (view) => {
    const found = await requireStream(view, ctx, arn);
    return { stream: found, shards: await listShards(view, ctx, found) };
  });
  const wanted = shards.filter((shard) => isReadable(shard, ctx.nowMs)).filter(selection(input));
  const page = wanted.slice(0, limit);
  const last = page.at(-1);
  return {
    StreamDescription: {
      StreamArn: stream.arn,
      StreamLabel: stream.label,
      StreamStatus: stream.disabledMs === undefined ? 'ENABLED' : 'DISABLED',
      StreamViewType: stream.viewType,
      CreationRequestDateTime: new Date(stream.createdMs),
      TableName: stream.tableName,
      KeySchema: shapeKey(stream.key),
      Shards: page.map(shapeShard),
      ...(wanted.length > limit && last !== undefined ? { LastEvaluatedShardId: last.id } : {}),
    },
  };
}

/** A shard goes once all that may be in it has been trimmed. */
export function isReadable({ closed }: Shard, nowMs: number): boolean {
  return closed === undefined || closed.atMs > nowMs - RETENTION_MS;
}

/** Shards after the start, and of the parent asked for. Ids sort in the order of their shards. */
function selection({
  ExclusiveStartShardId: start,
  ShardFilter: filter,
}: InputOf<'dynamodbstreams', 'DescribeStream'>): (shard: Shard) => boolean {
  return ({ id, parentId }) =>
    (start === undefined || id > start) &&
    (filter?.Type !== 'CHILD_SHARDS' || parentId === filter.ShardId);
}

type WireShard = NonNullable<
  NonNullable<OutputOf<'dynamodbstreams', 'DescribeStream'>['StreamDescription']>['Shards']
>[number];

function shapeShard({ id, parentId, openedSequence, closed }: Shard): WireShard {
  return {
    ShardId: id,
    SequenceNumberRange: {
      StartingSequenceNumber: sequenceText(openedSequence),
      ...(closed === undefined ? {} : { EndingSequenceNumber: sequenceText(closed.sequence) }),
    },
    ...(parentId === undefined ? {} : { ParentShardId: parentId }),
  };
}
