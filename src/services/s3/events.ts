// Announces changes of objects: finds who is to hear of them and schedules the deliveries.
import type { Tx } from '../../base/store.ts';
import type { RequestContext } from '../../kernel/context.ts';
import type { ObjectEvent } from './notification-event.ts';
import { formatEvent } from './notification-event.ts';
import { rulesFor } from './notification-rules.ts';
import type { DestinationKind } from './notification-rules.ts';
import { sourceIpOf } from './rules.ts';
import type { Bucket, Version } from './store.ts';

/** The timer worker that delivers one event to one destination. */
export const NOTIFY_WORKER = 's3/notify';

/** Payload of a delivery. */
export interface Delivery {
  readonly destination: DestinationKind;
  readonly arn: string;
  readonly bucket: string;
  readonly bucketOwner: string;
  readonly message: string;
}

export interface Announcement {
  readonly bucket: Bucket;
  /** e.g. `ObjectCreated:Put` */
  readonly name: string;
  readonly key: string;
  readonly version: Version;
  /** Overrides the version's own, for removals: the order of the removal itself. */
  readonly sequence?: number;
}

/** Who did it; a request, or the lifecycle. */
export type EventSource = Pick<
  RequestContext,
  'timers' | 'nowMs' | 'principal' | 'requestId'
> & { readonly sourceIp: string };

export function eventSource(context: RequestContext): EventSource {
  const { timers, nowMs, principal, requestId } = context;
  return { timers, nowMs, principal, requestId, sourceIp: sourceIpOf(context) };
}

/** In the transaction of the change: schedules one delivery for each rule that applies. */
export function announce(tx: Tx, source: EventSource, change: Announcement): void {
  const { bucket, name, key } = change;
  if (bucket.notifications === undefined) return;
  const rules = rulesFor(bucket.notifications, `s3:${name}`, key);
  if (rules.length === 0) return;
  const event = describe(source, change);
  for (const { destination, arn, id } of rules) {
    const delivery: Delivery = {
      destination,
      arn,
      bucket: bucket.name,
      bucketOwner: bucket.account,
      message: formatEvent(event, id),
    };
    source.timers.schedule(
      tx,
      { account: bucket.account, region: bucket.region },
      { worker: NOTIFY_WORKER, dueMs: source.nowMs, payload: delivery },
    );
  }
}

function describe(source: EventSource, change: Announcement): ObjectEvent {
  const { bucket, name, key, version } = change;
  // Removals tell neither size nor tag; delete markers have none but say an empty one on AWS.
  const tellsContent = !name.startsWith('ObjectRemoved') && !name.startsWith('Lifecycle');
  const object = version.kind === 'object' && tellsContent ? version : undefined;
  const tellsSize = name.startsWith('ObjectCreated');
  return {
    name,
    bucket: bucket.name,
    bucketOwner: bucket.account,
    bucketRegion: bucket.region,
    timeMs: source.nowMs,
    requestId: source.requestId,
    sourceIp: source.sourceIp,
    principal: source.principal,
    key,
    sequence: change.sequence ?? version.sequence,
    ...(object === undefined ? {} : { etag: object.etag }),
    ...(object === undefined || !tellsSize ? {} : { sizeBytes: object.sizeBytes }),
    ...(bucket.versioning === undefined ? {} : { versionId: version.versionId }),
  };
}
