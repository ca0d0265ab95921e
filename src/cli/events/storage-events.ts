// Sample events of S3: notifications, batch jobs, and the same news through EventBridge.
import type {
  S3BatchEvent,
  S3Event,
  S3ObjectCreatedNotificationEvent,
  S3ObjectDeletedNotificationEvent,
} from 'aws-lambda';
import { COUNT, PLACE, TIME, defineSample, each, sampleUuid } from './sample-event.ts';

const OBJECT = {
  bucket: { about: 'name of the bucket', default: 'example-bucket' },
  key: { about: 'key of the object', default: 'test/key' },
} as const;
const WHERE_AND_WHEN = { region: PLACE.region, ...TIME } as const;
const CONTENT = {
  size: { about: 'size of the object, bytes', default: 1_024 },
  etag: { about: 'entity tag', default: '0123456789abcdef0123456789abcdef' },
} as const;

const SEQUENCER = '0A1B2C3D4E5F678901';

interface NotifiedObject {
  readonly key: string;
  readonly sequencer: string;
}

interface Notification {
  readonly eventName: string;
  readonly object: NotifiedObject;
  readonly region: string;
  readonly time: string;
  readonly bucket: string;
}

/** AWS: keys are URL-encoded in notifications, with spaces as `+`. <S3 user guide, "Event message structure"> */
function encodeKey(key: string): string {
  return encodeURIComponent(key).replaceAll('%20', '+').replaceAll('%2F', '/');
}

function notificationOf<T extends NotifiedObject>({ eventName, object, region, time, bucket }: Notification & { object: T }) {
  return {
    eventVersion: '2.1',
    eventSource: 'aws:s3',
    awsRegion: region,
    eventTime: time,
    eventName,
    userIdentity: { principalId: 'EXAMPLE' },
    requestParameters: { sourceIPAddress: '127.0.0.1' },
    responseElements: {
      'x-amz-request-id': 'EXAMPLE123456789',
      'x-amz-id-2': 'EXAMPLE123/5678abcdefghijklambdaisawesome/mnopqrstuvwxyzABCDEFGH',
    },
    s3: {
      s3SchemaVersion: '1.0',
      configurationId: 'testConfigRule',
      bucket: {
        name: bucket,
        ownerIdentity: { principalId: 'EXAMPLE' },
        arn: `arn:aws:s3:::${bucket}`,
      },
      object,
    },
  };
}

const put = defineSample({
  service: 's3',
  name: 'put',
  about: 'an object was created (ObjectCreated:Put)',
  fields: { ...WHERE_AND_WHEN, ...OBJECT, ...CONTENT },
  make: ({ region, time, bucket, key, size, etag }): S3Event => ({
    Records: [
      notificationOf({
        eventName: 'ObjectCreated:Put',
        object: { key: encodeKey(key), size, eTag: etag, sequencer: SEQUENCER },
        region,
        time,
        bucket,
      }),
    ],
  }),
});

const remove = defineSample({
  service: 's3',
  name: 'delete',
  about: 'an object was deleted (ObjectRemoved:Delete)',
  fields: { ...WHERE_AND_WHEN, ...OBJECT },
  // AWS: size and eTag are only there for objects that were created, whatever the types say.
  // <S3 user guide, "Event message structure">
  make: ({ region, time, bucket, key }) => ({
    Records: [
      notificationOf({
        eventName: 'ObjectRemoved:Delete',
        object: { key: encodeKey(key), sequencer: SEQUENCER },
        region,
        time,
        bucket,
      }),
    ],
  }),
});

const batchInvocation = defineSample({
  service: 's3',
  name: 'batch-invocation',
  about: 'an S3 Batch Operations job invokes a function',
  fields: { ...OBJECT, ...COUNT },
  make: ({ bucket, key, count }): S3BatchEvent => ({
    invocationSchemaVersion: '1.0',
    invocationId: 'YXNkbGZqYWRmaiBhc2RmdW9hZHNmZGpmaGFzbGtkaGZza2RmaAo',
    job: { id: 'f3cc4f60-61f6-4a2b-8a21-d07600c373ce' },
    tasks: each(count, (i) => ({
      taskId: `dGFza2lkZ29lc2hlcmUK${i === 0 ? '' : i}`,
      s3Key: encodeKey(key),
      s3VersionId: '1',
      s3BucketArn: `arn:aws:s3:::${bucket}`,
    })),
  }),
});

const objectCreated = defineSample({
  service: 's3',
  name: 'object-created',
  about: 'an object was created, told by EventBridge',
  fields: { ...PLACE, ...TIME, ...OBJECT, ...CONTENT },
  make: ({ region, account, time, bucket, key, size, etag }): S3ObjectCreatedNotificationEvent => ({
    version: '0',
    id: sampleUuid(1),
    'detail-type': 'Object Created',
    source: 'aws.s3',
    account,
    time,
    region,
    resources: [`arn:aws:s3:::${bucket}`],
    detail: {
      version: '0',
      bucket: { name: bucket },
      object: { key, size, etag, 'version-id': 'IYV3p45BT0ac8hjHg1houSdS1a.Mro8e', sequencer: SEQUENCER },
      'request-id': 'N4N7GDK58NMKJ12R',
      requester: account,
      'source-ip-address': '127.0.0.1',
      reason: 'PutObject',
    },
  }),
});

const objectDeleted = defineSample({
  service: 's3',
  name: 'object-deleted',
  about: 'an object was deleted, told by EventBridge',
  fields: { ...PLACE, ...TIME, ...OBJECT },
  make: ({ region, account, time, bucket, key }): S3ObjectDeletedNotificationEvent => ({
    version: '0',
    id: sampleUuid(1),
    'detail-type': 'Object Deleted',
    source: 'aws.s3',
    account,
    time,
    region,
    resources: [`arn:aws:s3:::${bucket}`],
    detail: {
      version: '0',
      bucket: { name: bucket },
      object: {
        key,
        etag: 'd41d8cd98f00b204e9800998ecf8427e',
        'version-id': '1QW9g1Z99LUNbvaaYVpW9xDlOLU.qxgF',
        sequencer: SEQUENCER,
      },
      'request-id': '0BH729840619AG5K',
      requester: account,
      'source-ip-address': '127.0.0.1',
      reason: 'DeleteObject',
      'deletion-type': 'Delete Marker Created',
    },
  }),
});

export const STORAGE_EVENTS = [put, remove, batchInvocation, objectCreated, objectDeleted];
