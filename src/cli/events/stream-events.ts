// Sample events of streams: Kinesis, Firehose, DynamoDB, Kafka.
import type {
  AttributeValue,
  DynamoDBStreamEvent,
  FirehoseTransformationEvent,
  KinesisStreamEvent,
  MSKEvent,
} from 'aws-lambda';
import { UserError } from '../../base/errors.ts';
import { COUNT, PLACE, TIME, base64, defineSample, each } from './sample-event.ts';

const getRecords = defineSample({
  service: 'kinesis',
  name: 'get-records',
  about: 'records of a Kinesis data stream',
  fields: {
    ...PLACE,
    ...TIME,
    ...COUNT,
    stream: { about: 'name of the stream', default: 'lambda-stream' },
    data: { about: 'what each record holds, as text', default: 'Hello, this is a test.' },
    'partition-key': { about: 'partition key', default: '1' },
  },
  make({ region, account, time, count, stream, data, 'partition-key': partitionKey }): KinesisStreamEvent {
    return {
      Records: each(count, (i) => {
        const sequenceNumber = String(49_590_338_271_490_256_608_559_692_538_361_571_095_921_575_989_136_588_898n + BigInt(i));
        return {
          kinesis: {
            kinesisSchemaVersion: '1.0',
            partitionKey,
            sequenceNumber,
            data: base64(data),
            approximateArrivalTimestamp: Date.parse(time) / 1_000,
          },
          eventSource: 'aws:kinesis',
          eventVersion: '1.0',
          eventID: `shardId-000000000006:${sequenceNumber}`,
          eventName: 'aws:kinesis:record',
          invokeIdentityArn: `arn:aws:iam::${account}:role/lambda-role`,
          awsRegion: region,
          eventSourceARN: `arn:aws:kinesis:${region}:${account}:stream/${stream}`,
        };
      }),
    };
  },
});

const transformRecords = defineSample({
  service: 'firehose',
  name: 'transform',
  about: 'records that a Firehose delivery stream wants transformed',
  fields: {
    ...PLACE,
    ...TIME,
    ...COUNT,
    stream: { about: 'name of the delivery stream', default: 'exampleStream' },
    data: { about: 'what each record holds, as text', default: 'Hello, this is a test.' },
  },
  make({ region, account, time, count, stream, data }): FirehoseTransformationEvent {
    return {
      invocationId: 'invocationIdExample',
      deliveryStreamArn: `arn:aws:firehose:${region}:${account}:deliverystream/${stream}`,
      region,
      records: each(count, (i) => ({
        recordId: `${49_546_986_683_135_544_286_507_457_936_321_625_675_700_192_471_156_785_154n + BigInt(i)}`,
        approximateArrivalTimestamp: Date.parse(time),
        data: base64(data),
      })),
    };
  },
});

const STREAM_VIEWS = ['NEW_AND_OLD_IMAGES', 'NEW_IMAGE', 'OLD_IMAGE', 'KEYS_ONLY'] as const;

const update = defineSample({
  service: 'dynamodb',
  name: 'update',
  about: 'changes of a table, from its stream',
  fields: {
    ...PLACE,
    ...TIME,
    ...COUNT,
    table: { about: 'name of the table', default: 'ExampleTableWithStream' },
    type: { about: 'INSERT, MODIFY or REMOVE', default: 'INSERT', choices: ['INSERT', 'MODIFY', 'REMOVE'] },
    key: { about: 'key of the item, plain JSON', default: '{"Id":101}' },
    item: { about: 'the other attributes, plain JSON', default: '{"Message":"New item!"}' },
    old: { about: 'the other attributes before, plain JSON', default: '{"Message":"Old item!"}' },
    view: { about: 'view type of the stream', default: 'NEW_AND_OLD_IMAGES', choices: STREAM_VIEWS },
  },
  make(values): DynamoDBStreamEvent {
    const { region, account, time, count, table, type, view } = values;
    const key = attributesOf(values.key, 'key');
    const eventName = type === 'MODIFY' || type === 'REMOVE' ? type : 'INSERT';
    const StreamViewType = STREAM_VIEWS.find((known) => known === view) ?? 'NEW_AND_OLD_IMAGES';
    const hasNew = eventName !== 'REMOVE' && StreamViewType.startsWith('NEW');
    const hasOld = eventName !== 'INSERT' && StreamViewType.includes('OLD');
    return {
      Records: each(count, (i) => ({
        eventID: String(i + 1),
        eventName,
        eventVersion: '1.1',
        eventSource: 'aws:dynamodb',
        awsRegion: region,
        dynamodb: {
          ApproximateCreationDateTime: Math.floor(Date.parse(time) / 1_000),
          Keys: key,
          ...(hasNew ? { NewImage: { ...key, ...attributesOf(values.item, 'item') } } : {}),
          ...(hasOld ? { OldImage: { ...key, ...attributesOf(values.old, 'old') } } : {}),
          SequenceNumber: String(4_421_584_500_000_000_017_450_439_091n + BigInt(i)),
          SizeBytes: 26,
          StreamViewType,
        },
        eventSourceARN: `arn:aws:dynamodb:${region}:${account}:table/${table}/stream/${time.replace(/Z$/, '')}`,
      })),
    };
  },
});

/** Plain JSON as attribute values. */
function attributesOf(json: string, field: string): Record<string, AttributeValue> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch (error) {
    throw notAnObject(field, error);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw notAnObject(field);
  return Object.fromEntries(Object.entries(parsed).map(([name, value]) => [name, attributeOf(value)]));
}

function notAnObject(field: string, cause?: unknown): UserError {
  return new UserError('ERR_USAGE', `--${field} is not a JSON object`, {
    fix: `write it like --${field} '{"Id": 101}'`,
    cause,
  });
}

function attributeOf(value: unknown): AttributeValue {
  if (typeof value === 'string') return { S: value };
  if (typeof value === 'number') return { N: String(value) };
  if (typeof value === 'boolean') return { BOOL: value };
  if (Array.isArray(value)) return { L: value.map(attributeOf) };
  if (typeof value !== 'object' || value === null) return { NULL: true };
  return { M: Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, attributeOf(inner)])) };
}

const kafka = defineSample({
  service: 'msk',
  name: 'records',
  about: 'records of an Amazon MSK (Kafka) topic',
  fields: {
    ...PLACE,
    ...TIME,
    ...COUNT,
    cluster: { about: 'name of the cluster', default: 'vpc-2priv-2pub' },
    topic: { about: 'name of the topic', default: 'mytopic' },
    key: { about: 'key of each record, as text', default: 'key' },
    value: { about: 'value of each record, as text', default: 'Hello, this is a test.' },
  },
  make({ region, account, time, count, cluster, topic, key, value }): MSKEvent {
    const broker = (n: number): string => `b-${n}.demo-cluster-1.a1bcde.c1.kafka.${region}.amazonaws.com:9092`;
    return {
      eventSource: 'aws:kafka',
      eventSourceArn: `arn:aws:kafka:${region}:${account}:cluster/${cluster}/751d2973-a626-431c-9d4e-d7975eb44dd7-2`,
      bootstrapServers: [broker(2), broker(1)].join(','),
      records: {
        [`${topic}-0`]: each(count, (i) => ({
          topic,
          partition: 0,
          offset: 15 + i,
          timestamp: Date.parse(time),
          timestampType: 'CREATE_TIME' as const,
          key: base64(key),
          value: base64(value),
          headers: [{ headerKey: [...Buffer.from('headerValue')] }],
        })),
      },
    };
  },
});

export const STREAM_EVENTS = [getRecords, transformRecords, update, kafka];
