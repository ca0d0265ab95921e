// A record of a DynamoDB stream as functions and event filters see it.
import { createMatcher } from '../../../base/event-pattern.ts';
import type { OutputOf } from '../../../models/operations.ts';

export type StreamRecord = NonNullable<
  OutputOf<'dynamodbstreams', 'GetRecords'>['Records']
>[number];
type Attributes = NonNullable<NonNullable<StreamRecord['dynamodb']>['Keys']>;

/** A record on its way to the function. */
export interface StreamEntry {
  readonly sequence: string;
  readonly arrivedMs: number;
  /** The record in the event. */
  readonly event: Readonly<Record<string, unknown>>;
  /** Size of the record as JSON. */
  readonly bytes: number;
}

export function toEntry(record: StreamRecord, streamArn: string): StreamEntry {
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

/** Whether one of the patterns matches; no patterns let everything through. */
export function compileStreamFilters(patterns: readonly string[]): (entry: StreamEntry) => boolean {
  if (patterns.length === 0) return () => true;
  const matchers = patterns.map((pattern) => createMatcher(JSON.parse(pattern)));
  return ({ event }) => matchers.some((matches) => matches(event));
}

/** Which of `count` lanes a record goes to: all of one partition key to the same. */
export function laneOf({ dynamodb: change }: StreamRecord, count: number): number {
  if (count === 1) return 0;
  const text = JSON.stringify(Object.entries(change?.Keys ?? {}).toSorted(byName), binaryAsBase64);
  let hash = 0;
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0;
  return Math.abs(hash % count);
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}
