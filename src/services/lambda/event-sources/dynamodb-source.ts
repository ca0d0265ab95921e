// DynamoDB streams as a source of event source mappings.
import { parseArn } from '../../../base/arn.ts';
import type { WorkContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import type { ReadFrom, SourceShard, StreamEntry, StreamSource } from './stream-source.ts';

type StreamRecord = NonNullable<OutputOf<'dynamodbstreams', 'GetRecords'>['Records']>[number];
type Attributes = NonNullable<NonNullable<StreamRecord['dynamodb']>['Keys']>;

/** Records of one GetRecords, as AWS's pollers ask for them. */
const PAGE_RECORDS = 1_000;

export const dynamodbSource: StreamSource = {
  owns(streamArn) {
    const arn = parseArn(streamArn);
    return arn?.service === 'dynamodb' && arn.resource.includes('/stream/');
  },
  retentionSec: 86_400,
  batchInfoName: 'DDBStreamBatchInfo',
  startsAtTime: false,
  listShards,
  async openIterator(shard, from, context) {
    const { ShardIterator = '' } = await context.call('dynamodbstreams', 'GetShardIterator', {
      StreamArn: shard.streamArn,
      ShardId: shard.shardId,
      ...iteratorType(from),
    });
    return ShardIterator;
  },
  async readPage(iterator, { streamArn }, context) {
    const { Records = [], NextShardIterator: next } = await context.call('dynamodbstreams', 'GetRecords', {
      ShardIterator: iterator,
      Limit: PAGE_RECORDS,
    });
    return { entries: Records.map((record) => toEntry(record, streamArn)), next };
  },
  orderingKey({ event }) {
    const { Keys } = event['dynamodb'] as { readonly Keys: Readonly<Record<string, unknown>> };
    return JSON.stringify(Object.entries(Keys).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  },
  filterView: ({ event }) => event,
};

async function listShards(streamArn: string, context: WorkContext): Promise<SourceShard[]> {
  const shards: SourceShard[] = [];
  for (let start: string | undefined; ; ) {
    const { StreamDescription } = await context.call('dynamodbstreams', 'DescribeStream', {
      StreamArn: streamArn,
      ExclusiveStartShardId: start,
    });
    for (const { ShardId = '', ParentShardId, SequenceNumberRange } of StreamDescription?.Shards ?? []) {
      shards.push({
        id: ShardId,
        parentIds: ParentShardId === undefined ? [] : [ParentShardId],
        isClosed: SequenceNumberRange?.EndingSequenceNumber !== undefined,
      });
    }
    start = StreamDescription?.LastEvaluatedShardId;
    if (start === undefined) return shards;
  }
}

function iteratorType(
  from: ReadFrom,
): Pick<InputOf<'dynamodbstreams', 'GetShardIterator'>, 'ShardIteratorType' | 'SequenceNumber'> {
  if (from.at === 'after') return { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', SequenceNumber: from.sequence };
  return { ShardIteratorType: from.at === 'newest' ? 'LATEST' : 'TRIM_HORIZON' };
}

function toEntry(record: StreamRecord, streamArn: string): StreamEntry {
  const event = toEventRecord(record, streamArn);
  return {
    sequence: record.dynamodb?.SequenceNumber ?? '',
    arrivedMs: record.dynamodb?.ApproximateCreationDateTime?.getTime() ?? 0,
    event,
    bytes: Buffer.byteLength(JSON.stringify(event)),
  };
}

/** A record of the event. <developer guide, "Using AWS Lambda with Amazon DynamoDB", example event> */
function toEventRecord(record: StreamRecord, streamArn: string): Record<string, unknown> {
  const { dynamodb: change, userIdentity } = record;
  return {
    eventID: record.eventID,
    eventName: record.eventName,
    eventVersion: record.eventVersion,
    eventSource: record.eventSource,
    awsRegion: record.awsRegion,
    dynamodb: {
      ApproximateCreationDateTime: (change?.ApproximateCreationDateTime?.getTime() ?? 0) / 1_000,
      Keys: plainAttributes(change?.Keys),
      ...(change?.NewImage === undefined ? {} : { NewImage: plainAttributes(change.NewImage) }),
      ...(change?.OldImage === undefined ? {} : { OldImage: plainAttributes(change.OldImage) }),
      SequenceNumber: change?.SequenceNumber,
      SizeBytes: change?.SizeBytes,
      StreamViewType: change?.StreamViewType,
    },
    // AWS: in small letters here, unlike in the streams' own API.
    ...(userIdentity === undefined
      ? {}
      : { userIdentity: { type: userIdentity.Type, principalId: userIdentity.PrincipalId } }),
    eventSourceARN: streamArn,
  };
}

/** Attribute values as JSON has them: numbers stay texts, binaries become base64. */
function plainAttributes(attributes: Attributes | undefined): unknown {
  return JSON.parse(JSON.stringify(attributes ?? {}, binaryAsBase64));
}

/** Bytes know how to print themselves (`toJSON` of Buffer), so the holder has to be asked. */
function binaryAsBase64(this: unknown, key: string, value: unknown): unknown {
  const raw = (this as Readonly<Record<string, unknown>>)[key];
  return raw instanceof Uint8Array ? Buffer.from(raw).toString('base64') : value;
}
