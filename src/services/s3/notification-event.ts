// The event records that buckets send: S3 user guide, "Event message structure".
import type { Principal } from '../../kernel/context.ts';
import { hostId } from '../../wire/rest-xml.ts';
import { customerId } from './owner.ts';

/** One change of one object, before it is known who hears of it. */
export interface ObjectEvent {
  /** e.g. `ObjectCreated:Put`, without `s3:`. */
  readonly name: string;
  readonly bucket: string;
  readonly bucketOwner: string;
  readonly bucketRegion: string;
  readonly timeMs: number;
  readonly requestId: string;
  readonly sourceIp: string;
  readonly principal: Principal;
  readonly key: string;
  readonly sizeBytes?: number;
  readonly etag?: string;
  /** Present in buckets that have or had versioning. */
  readonly versionId?: string;
  readonly sequence: number;
}

/** `{"Records":[…]}` for one destination. */
export function formatEvent(event: ObjectEvent, configurationId: string): string {
  const family = event.name.split(':')[0] ?? '';
  const ordered = family !== 'ObjectTagging' && family !== 'ObjectAcl';
  const object = {
    key: encodeEventKey(event.key),
    ...(event.sizeBytes === undefined ? {} : { size: event.sizeBytes }),
    ...(event.etag === undefined ? {} : { eTag: event.etag }),
    ...(event.versionId === undefined ? {} : { versionId: event.versionId }),
    ...(ordered ? { sequencer: formatSequencer(event.sequence) } : {}),
  };
  const record = {
    eventVersion: ordered && family !== 'LifecycleExpiration' ? '2.1' : '2.3',
    eventSource: 'aws:s3',
    awsRegion: event.bucketRegion,
    eventTime: new Date(event.timeMs).toISOString(),
    eventName: event.name,
    userIdentity: { principalId: principalId(event.principal) },
    requestParameters: { sourceIPAddress: event.sourceIp },
    responseElements: {
      'x-amz-request-id': event.requestId,
      'x-amz-id-2': hostId(event.requestId),
    },
    s3: {
      s3SchemaVersion: '1.0',
      configurationId,
      bucket: {
        name: event.bucket,
        ownerIdentity: { principalId: customerId(event.bucketOwner) },
        arn: `arn:aws:s3:::${event.bucket}`,
      },
      object,
    },
  };
  return JSON.stringify({ Records: [record] });
}

/** What a queue or topic gets when it is configured as a destination. */
export function formatTestEvent(event: {
  readonly bucket: string;
  readonly requestId: string;
  readonly timeMs: number;
}): string {
  return JSON.stringify({
    Service: 'Amazon S3',
    Event: 's3:TestEvent',
    Time: new Date(event.timeMs).toISOString(),
    Bucket: event.bucket,
    RequestId: event.requestId,
    HostId: hostId(event.requestId),
  });
}

/** Form encoding: a space is `+`; slashes stay. S3 user guide: `red flower.jpg` → `red+flower.jpg`. */
function encodeEventKey(key: string): string {
  return encodeURIComponent(key)
    .replace(/[!'()~]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+')
    .replaceAll('%2F', '/');
}

/** Hexadecimal that orders the events of a key. */
function formatSequencer(sequence: number): string {
  return sequence.toString(16).toUpperCase().padStart(18, '0');
}

function principalId(principal: Principal): string {
  switch (principal.kind) {
    case 'user':
    case 'role':
      return `AWS:${principal.userId}`;
    case 'service':
      return principal.service;
    case 'root':
      return customerId(principal.account);
    case 'anonymous':
      return 'Anonymous';
  }
}
