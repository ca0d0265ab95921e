// Background steps of S3: deliveries of notifications, and deletion of bodies nobody refers to.
import { parseArn } from '../../base/arn.ts';
import { ServiceError, present } from '../../base/errors.ts';
import { RELEASE_GRACE_MS, createBlobDeleter, sweepOrphans } from '../../kernel/bodies.ts';
import type { Principal, WorkContext } from '../../kernel/context.ts';
import type { TimerWorker } from '../../kernel/service.ts';
import { NOTIFY_WORKER } from './events.ts';
import type { Delivery } from './events.ts';
import { LIFECYCLE_WORKER, runLifecycle } from './lifecycle-run.ts';
import { BODY_WORKER } from './versions.ts';

export const WORKERS: Readonly<Record<string, TimerWorker>> = {
  [BODY_WORKER]: createBlobDeleter(BODY_WORKER),
  [NOTIFY_WORKER]: deliver,
  [LIFECYCLE_WORKER]: runLifecycle,
};

/** At the start: bodies that a crash left without a row go, those of Lambda's archives included. */
export async function startSweep(context: WorkContext): Promise<void> {
  context.spawn('s3/sweep', context, async ({ store, blobs, clock, activity, signal }) => {
    const settle = (): Promise<void> => activity.park(clock.sleep(RELEASE_GRACE_MS, signal));
    await sweepOrphans({ store, blobs, settle });
  });
}

async function deliver(payload: unknown, context: WorkContext): Promise<void> {
  const delivery = payload as Delivery;
  try {
    await send(delivery, context);
  } catch (error) {
    // AWS: an event whose destination is gone, or closed to S3, is lost. Anything else is tried again.
    if (error instanceof ServiceError && isFinal(error)) return;
    throw error;
  }
}

/** The destination said no, and would say so again. */
function isFinal({ code, status }: ServiceError): boolean {
  return status >= 400 && status < 500 && status !== 429 && !/Throttl|TooManyRequests/.test(code);
}

async function send(delivery: Delivery, context: WorkContext): Promise<void> {
  const { destination, arn, message } = delivery;
  const target = present(parseArn(arn), 'destination of a notification');
  const options = {
    as: notifier(delivery.bucket, delivery.bucketOwner),
    account: target.account,
    region: target.region,
  };
  switch (destination) {
    case 'lambda': {
      const Payload = Buffer.from(message);
      await context.call(
        'lambda',
        'Invoke',
        { FunctionName: arn, InvocationType: 'Event', Payload },
        options,
      );
      return;
    }
    case 'sqs':
      await context.call('sqs', 'SendMessage', { QueueUrl: queueUrl(arn, context), MessageBody: message }, options);
      return;
    case 'sns':
      await context.call(
        'sns',
        'Publish',
        { TopicArn: arn, Message: message, Subject: 'Amazon S3 Notification' },
        options,
      );
  }
}

/** S3 itself, on behalf of a bucket. */
export function notifier(bucket: string, account: string): Principal {
  return {
    kind: 'service',
    account,
    service: 's3.amazonaws.com',
    sourceArn: `arn:aws:s3:::${bucket}`,
  };
}

/** The URL of a queue in this cloud. */
export function queueUrl(arn: string, context: Pick<WorkContext, 'endpoint'>): string {
  const { account, resource } = present(parseArn(arn), 'ARN of a queue');
  return `${context.endpoint}/${account}/${resource}`;
}
