// Reads a DynamoDB stream for event source mappings, through its public operations alone.
import { ServiceError } from '../../../base/errors.ts';
import type { WorkContext } from '../../../kernel/context.ts';
import type { OutputOf } from '../../../models/operations.ts';
import type { StreamCheckpoint } from '../store.ts';
import type { StreamRecord } from './stream-record.ts';

export type Shard = NonNullable<
  NonNullable<OutputOf<'dynamodbstreams', 'DescribeStream'>['StreamDescription']>['Shards']
>[number];

const NOT_FOUND = 'ResourceNotFoundException';
const EXPIRED = 'ExpiredIteratorException';
const TRIMMED = 'TrimmedDataAccessException';

/** Records of one GetRecords, as AWS's pollers ask for them. */
const PAGE_RECORDS = 1_000;

/** All shards, oldest first. */
export async function listShards(streamArn: string, context: WorkContext): Promise<Shard[]> {
  const shards: Shard[] = [];
  for (let start: string | undefined; ;) {
    const { StreamDescription } = await context.call('dynamodbstreams', 'DescribeStream', {
      StreamArn: streamArn,
      ExclusiveStartShardId: start,
    });
    shards.push(...(StreamDescription?.Shards ?? []));
    start = StreamDescription?.LastEvaluatedShardId;
    if (start === undefined) return shards;
  }
}

export function isMissing(error: unknown): boolean {
  return error instanceof ServiceError && error.code === NOT_FOUND;
}

/**
 * Where a mapping that starts at LATEST begins: behind what is in the shards now. The iterators are
 * kept, so that what is written from now on is seen whenever the poller starts.
 */
export async function latestCheckpoints(
  streamArn: string,
  context: WorkContext,
): Promise<Map<string, StreamCheckpoint>> {
  const checkpoints = new Map<string, StreamCheckpoint>();
  for (const { ShardId = '', SequenceNumberRange: range } of await listShards(streamArn, context)) {
    if (range?.EndingSequenceNumber !== undefined) {
      checkpoints.set(ShardId, { finished: true });
      continue;
    }
    const { ShardIterator: iterator = '' } = await context.call(
      'dynamodbstreams',
      'GetShardIterator',
      {
        StreamArn: streamArn,
        ShardId,
        ShardIteratorType: 'LATEST',
      },
    );
    checkpoints.set(ShardId, { iterator, sinceMs: context.clock.now() });
  }
  return checkpoints;
}

export interface ShardPage {
  readonly records: readonly StreamRecord[];
  /** Undefined at the end of a closed shard. */
  readonly next: string | undefined;
}

/** A place in a shard that outlives its iterators. */
export interface ShardCursor {
  /** Throws ServiceError when the stream refuses; the next call goes on from the same place. */
  read(context: WorkContext): Promise<ShardPage>;
  /** The iterator a reader that has read nothing so far stands at. */
  readonly untouched: string | undefined;
}

/** @param checkpoint where to begin; undefined: at the oldest record. */
export function openCursor(
  shard: { readonly streamArn: string; readonly shardId: string },
  checkpoint: StreamCheckpoint | undefined,
): ShardCursor {
  let iterator = checkpoint?.iterator;
  let after = checkpoint?.after;
  // After an iterator was lost, the time tells what came before the mapping.
  let sinceMs: number | undefined;

  async function open(context: WorkContext): Promise<string> {
    const { ShardIterator = '' } = await context.call('dynamodbstreams', 'GetShardIterator', {
      StreamArn: shard.streamArn,
      ShardId: shard.shardId,
      ...(after === undefined
        ? { ShardIteratorType: 'TRIM_HORIZON' }
        : { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', SequenceNumber: after }),
    });
    return ShardIterator;
  }

  async function tryRead(context: WorkContext): Promise<ShardPage> {
    iterator ??= await open(context);
    const { Records = [], NextShardIterator: next } = await context.call(
      'dynamodbstreams',
      'GetRecords',
      {
        ShardIterator: iterator,
        Limit: PAGE_RECORDS,
      },
    );
    after = Records.at(-1)?.dynamodb?.SequenceNumber ?? after;
    iterator = next;
    const records = Records.filter(
      ({ dynamodb }) =>
        sinceMs === undefined ||
        (dynamodb?.ApproximateCreationDateTime?.getTime() ?? 0) + 1_000 > sinceMs,
    );
    return { records, next };
  }

  return {
    async read(context) {
      try {
        return await tryRead(context);
      } catch (error) {
        if (!(error instanceof ServiceError) || (error.code !== EXPIRED && error.code !== TRIMMED))
          throw error;
        iterator = undefined;
        // What was trimmed is lost: go on with the oldest record there is.
        if (error.code === TRIMMED) after = undefined;
        if (after === undefined) sinceMs = checkpoint?.sinceMs;
        return tryRead(context);
      }
    },
    get untouched() {
      return after === undefined ? iterator : undefined;
    },
  };
}
