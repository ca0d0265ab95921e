// GetShardIterator and GetRecords.
import type { ReadTx } from '../../../../base/store.ts';
import type { RequestContext } from '../../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../../models/operations.ts';
import { wireItem } from '../../operations/expression-input.ts';
import { changeSize } from '../change.ts';
import { invalid, iteratorExpired, shardNotFound, trimmed } from '../errors.ts';
import {
  decodeIterator,
  encodeIterator,
  type ShardIterator,
  type ShardPosition,
} from '../iterator.ts';
import { ITERATOR_LIFETIME_MS, RECORDS_MAX, RECORDS_MAX_BYTES, RETENTION_MS } from '../limits.ts';
import { eventId, readSequence, sequenceText, type Shard } from '../shard.ts';
import {
  lastSequence,
  listShards,
  readChanges,
  trimmedSequence,
  type LoggedChange,
  type StreamRecord,
} from '../store.ts';
import { requireStream } from './require-stream.ts';
import { isReadable, readLimit } from './streams.ts';

/** Changes read at a time: each may have two images of 400 KB. */
const CHUNK_CHANGES = 32;

type IteratorInput = InputOf<'dynamodbstreams', 'GetShardIterator'>;
type WireRecord = NonNullable<OutputOf<'dynamodbstreams', 'GetRecords'>['Records']>[number];

export async function getShardIterator(
  input: IteratorInput,
  ctx: RequestContext,
): Promise<OutputOf<'dynamodbstreams', 'GetShardIterator'>> {
  const arn = input.StreamArn ?? '';
  checkSequence(input);
  const position = await ctx.store.read(async (view) => {
    const stream = await requireStream(view, ctx, arn);
    const shards = await listShards(view, ctx, stream);
    const shard = shards.find(({ id }) => id === input.ShardId);
    if (shard === undefined || !isReadable(shard, ctx.nowMs)) {
      throw shardNotFound(input.ShardId ?? '', arn);
    }
    return findPosition(view, ctx, { input, stream, shard });
  });
  return { ShardIterator: encodeIterator({ ...position, streamArn: arn, issuedMs: ctx.nowMs }) };
}

/** AWS: a sequence number goes with the two types that start from one. scylladb, test_streams.py */
function checkSequence({ ShardIteratorType: type, SequenceNumber: sequence }: IteratorInput): void {
  const needs = type === 'AT_SEQUENCE_NUMBER' || type === 'AFTER_SEQUENCE_NUMBER';
  if (needs && sequence === undefined) {
    throw invalid(`SequenceNumber must be specified for ShardIteratorType ${type}`);
  }
  if (!needs && sequence !== undefined) {
    throw invalid(`SequenceNumber must not be specified for ShardIteratorType ${type ?? ''}`);
  }
}

async function findPosition(
  view: ReadTx,
  ctx: RequestContext,
  {
    input,
    stream,
    shard,
  }: { readonly input: IteratorInput; readonly stream: StreamRecord; readonly shard: Shard },
): Promise<ShardPosition> {
  const shardId = shard.id;
  const place = { place: stream, shard: shard.number };
  if (input.ShardIteratorType === 'TRIM_HORIZON') return { shardId, from: 0, fromHorizon: true };
  if (input.ShardIteratorType === 'LATEST') {
    const last = (await lastSequence(view, ctx, place)) ?? shard.openedSequence;
    return { shardId, from: last + 1, fromHorizon: false };
  }
  const text = input.SequenceNumber ?? '';
  const sequence = readSequence(text);
  const end = shard.closed?.sequence ?? Number.MAX_SAFE_INTEGER;
  if (sequence === undefined || sequence < shard.openedSequence || sequence > end) {
    throw invalid(`Invalid SequenceNumber: ${text}`);
  }
  const from = input.ShardIteratorType === 'AFTER_SEQUENCE_NUMBER' ? sequence + 1 : sequence;
  await checkUntrimmed(view, ctx, { stream, shard, from });
  return { shardId, from, fromHorizon: false };
}

/** Throws when a record at or after the position has aged out already. */
async function checkUntrimmed(
  view: ReadTx,
  ctx: RequestContext,
  {
    stream,
    shard,
    from,
  }: { readonly stream: StreamRecord; readonly shard: Shard; readonly from: number },
): Promise<void> {
  const place = { place: stream, shard: shard.number };
  if (from <= (await trimmedSequence(view, ctx, place))) throw trimmed();
  const [first] = await readChanges(view, ctx, { ...place, from, limit: 1 });
  if (first !== undefined && isTrimmed(first, ctx.nowMs)) throw trimmed();
}

function isTrimmed({ atMs }: LoggedChange, nowMs: number): boolean {
  return atMs <= nowMs - RETENTION_MS;
}

export async function getRecords(
  input: InputOf<'dynamodbstreams', 'GetRecords'>,
  ctx: RequestContext,
): Promise<OutputOf<'dynamodbstreams', 'GetRecords'>> {
  const limit = readLimit(input.Limit, RECORDS_MAX);
  const iterator = decodeIterator(input.ShardIterator ?? '');
  if (iterator === undefined) throw invalid('Invalid ShardIterator');
  const { streamArn, shardId } = iterator;
  const { stream, page, closed } = await ctx.store.read(async (view) => {
    const found = await requireStream(view, ctx, streamArn);
    if (ctx.nowMs - iterator.issuedMs > ITERATOR_LIFETIME_MS) throw iteratorExpired();
    const shard = (await listShards(view, ctx, found)).find(({ id }) => id === shardId);
    if (shard === undefined || !isReadable(shard, ctx.nowMs)) throw trimmed();
    const { from } = iterator;
    if (!iterator.fromHorizon) await checkUntrimmed(view, ctx, { stream: found, shard, from });
    const read = await readPage(view, ctx, { stream: found, shard, iterator, limit });
    return { stream: found, page: read, closed: shard.closed !== undefined };
  });
  const last = page.changes.at(-1);
  const next: ShardIterator = {
    ...iterator,
    ...(last === undefined ? {} : { from: last.sequence + 1, fromHorizon: false }),
    issuedMs: ctx.nowMs,
  };
  return {
    Records: page.changes.map((logged) => shapeRecord(stream, logged, ctx.region)),
    // AWS: no next iterator at the end of a shard that is closed.
    ...(closed && page.complete ? {} : { NextShardIterator: encodeIterator(next) }),
  };
}

interface Page {
  readonly changes: readonly LoggedChange[];
  /** Nothing follows in the shard. */
  readonly complete: boolean;
}

/** Changes from the iterator on, up to a number and to 1 MB, but at least one. */
async function readPage(
  view: ReadTx,
  ctx: RequestContext,
  {
    stream,
    shard,
    iterator,
    limit,
  }: {
    readonly stream: StreamRecord;
    readonly shard: Shard;
    readonly iterator: ShardIterator;
    readonly limit: number;
  },
): Promise<Page> {
  const changes: LoggedChange[] = [];
  let bytes = 0;
  for (let { from } = iterator; ;) {
    const range = { place: stream, shard: shard.number, from, limit: CHUNK_CHANGES };
    const chunk = await readChanges(view, ctx, range);
    for (const logged of chunk) {
      if (isTrimmed(logged, ctx.nowMs)) continue;
      const size = changeSize(logged.change);
      const full = changes.length === limit || bytes + size > RECORDS_MAX_BYTES;
      if (full && changes.length > 0) return { changes, complete: false };
      changes.push(logged);
      bytes += size;
    }
    const last = chunk.at(-1);
    if (last === undefined || chunk.length < CHUNK_CHANGES) return { changes, complete: true };
    from = last.sequence + 1;
  }
}

function shapeRecord(stream: StreamRecord, logged: LoggedChange, region: string): WireRecord {
  const { change, sequence, atMs } = logged;
  const { keys, oldImage, newImage } = change;
  return {
    eventID: eventId(`${stream.tableId}/${stream.number}`, sequence),
    eventName: change.kind,
    eventVersion: '1.1',
    eventSource: 'aws:dynamodb',
    awsRegion: region,
    dynamodb: {
      // AWS: rounded down to the second.
      ApproximateCreationDateTime: new Date(Math.floor(atMs / 1000) * 1000),
      Keys: wireItem(keys.item),
      ...(newImage === undefined ? {} : { NewImage: wireItem(newImage.item) }),
      ...(oldImage === undefined ? {} : { OldImage: wireItem(oldImage.item) }),
      SequenceNumber: sequenceText(sequence),
      SizeBytes: changeSize(change),
      StreamViewType: stream.viewType,
    },
    // AWS: only what time to live deleted says who did it. <developer guide, "DynamoDB Streams and TTL">
    ...(logged.expired
      ? { userIdentity: { PrincipalId: 'dynamodb.amazonaws.com', Type: 'Service' } }
      : {}),
  };
}
