// The contract of streams that mappings read: what every kind of stream has to offer, in one shape.
import { ServiceError } from '../../../base/errors.ts';
import type { WorkContext } from '../../../kernel/context.ts';

export interface SourceShard {
  readonly id: string;
  /** Shards whose records come before those of this one; two after a merge. */
  readonly parentIds: readonly string[];
  /** Nothing is added to it any more. */
  readonly isClosed: boolean;
}

export interface ShardAddress {
  readonly streamArn: string;
  readonly shardId: string;
}

/** Where reading begins. */
export type ReadFrom =
  | { readonly at: 'oldest' | 'newest' }
  | { readonly at: 'after'; readonly sequence: string }
  | { readonly at: 'time'; readonly timeMs: number };

/** A record on its way to the function. */
export interface StreamEntry {
  /** Sequence numbers are decimal, and grow within a shard. */
  readonly sequence: string;
  readonly arrivedMs: number;
  /** The record in the event. */
  readonly event: Readonly<Record<string, unknown>>;
  /** Size of the record as JSON. */
  readonly bytes: number;
}

export interface ShardPage {
  /** Oldest first; none when there is nothing to read now. */
  readonly entries: readonly StreamEntry[];
  /** The iterator behind them; undefined at the end of a closed shard. */
  readonly next: string | undefined;
}

/**
 * One kind of stream, read through its service's public operations alone. What they refuse is a
 * ServiceError with the codes that DynamoDB streams and Kinesis share (see below).
 */
export interface StreamSource {
  /** Whether an ARN names a stream of this kind. */
  owns(streamArn: string): boolean;
  /** Records are held no longer than this, and so a batch is retried no longer. */
  readonly retentionSec: number;
  /** The member of failure records that tells where the batch is in the stream. */
  readonly batchInfoName: string;
  /** Whether a mapping may begin at a time (`AT_TIMESTAMP`). */
  readonly startsAtTime: boolean;
  /** All shards, oldest first. */
  listShards(streamArn: string, context: WorkContext): Promise<SourceShard[]>;
  openIterator(shard: ShardAddress, from: ReadFrom, context: WorkContext): Promise<string>;
  readPage(iterator: string, shard: ShardAddress, context: WorkContext): Promise<ShardPage>;
  /** Records of one key are processed in order, whatever runs at once. */
  orderingKey(entry: StreamEntry): string;
  /** The record as event filters see it. */
  filterView(entry: StreamEntry): unknown;
}

/** The stream, or the shard, is gone. */
export function isMissing(error: unknown): boolean {
  return error instanceof ServiceError && error.code === 'ResourceNotFoundException';
}

/** The iterator is too old to be used. */
export function isExpired(error: unknown): boolean {
  return error instanceof ServiceError && error.code === 'ExpiredIteratorException';
}

/** What the iterator stands at has been dropped from the stream. */
export function isTrimmed(error: unknown): boolean {
  return error instanceof ServiceError && error.code === 'TrimmedDataAccessException';
}
