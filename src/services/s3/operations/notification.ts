// Notification configuration of a bucket: read, checked against the destinations, kept.
import { ServiceError, present } from '../../../base/errors.ts';
import { parseArn } from '../../../base/arn.ts';
import { randomUuid } from '../../../base/random.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { changeBucket, requireBucket } from '../bucket-access.ts';
import { featureNotImplemented, malformedXml, unreachableDestinations } from '../errors.ts';
import { formatTestEvent } from '../notification-event.ts';
import { checkRules } from '../notification-rules.ts';
import type { DestinationKind, NotificationRule, RawRule } from '../notification-rules.ts';
import type { Bucket } from '../store.ts';
import type { Empty } from './shapes.ts';
import { notifier, queueUrl } from '../workers.ts';

type Configuration = NonNullable<
  InputOf<'s3', 'PutBucketNotificationConfiguration'>['NotificationConfiguration']
>;

export async function getBucketNotificationConfiguration(
  input: InputOf<'s3', 'GetBucketNotificationConfiguration'>,
  context: RequestContext,
): Promise<OutputOf<'s3', 'GetBucketNotificationConfiguration'>> {
  const bucket = await context.store.read((view) => requireBucket(view, input));
  const rules = bucket.notifications ?? [];
  const shown = (kind: DestinationKind) =>
    rules.filter((rule) => rule.destination === kind).map((rule) => showRule(rule));
  const topics = shown('sns').map(({ arn, ...rest }) => ({ ...rest, TopicArn: arn }));
  const queues = shown('sqs').map(({ arn, ...rest }) => ({ ...rest, QueueArn: arn }));
  const functions = shown('lambda').map(({ arn, ...rest }) => ({
    ...rest,
    LambdaFunctionArn: arn,
  }));
  return {
    ...(topics.length === 0 ? {} : { TopicConfigurations: topics }),
    ...(queues.length === 0 ? {} : { QueueConfigurations: queues }),
    ...(functions.length === 0 ? {} : { LambdaFunctionConfigurations: functions }),
  };
}

type EventName = 's3:ObjectCreated:*';

function showRule({ id, arn, events, prefix, suffix }: NotificationRule) {
  const FilterRules = [
    ...(prefix === undefined ? [] : [{ Name: 'Prefix' as 'prefix', Value: prefix }]),
    ...(suffix === undefined ? [] : [{ Name: 'Suffix' as 'suffix', Value: suffix }]),
  ];
  return {
    Id: id,
    arn,
    Events: [...events] as EventName[],
    ...(FilterRules.length === 0 ? {} : { Filter: { Key: { FilterRules } } }),
  };
}

export async function putBucketNotificationConfiguration(
  input: InputOf<'s3', 'PutBucketNotificationConfiguration'>,
  context: RequestContext,
): Promise<Empty> {
  const configuration = input.NotificationConfiguration;
  if (configuration === undefined) throw malformedXml();
  if (configuration.EventBridgeConfiguration !== undefined) {
    throw featureNotImplemented('Sending S3 events to EventBridge');
  }
  const bucket = await context.store.read((view) => requireBucket(view, input));
  const rules = checkRules(readRules(configuration, context), bucket);
  if (input.SkipDestinationValidation !== true) {
    await validateDestinations(context, bucket, rules);
  }
  await changeBucket(context.store, input, () => ({
    notifications: rules.length === 0 ? undefined : rules,
  }));
  return {};
}

interface RuleShape {
  readonly Id?: string | undefined;
  readonly Events?: readonly string[] | undefined;
  readonly Filter?:
    | {
        readonly Key?:
          | {
              readonly FilterRules?:
                | readonly { readonly Name?: string | undefined; readonly Value?: string | undefined }[]
                | undefined;
            }
          | undefined;
      }
    | undefined;
}

function readRules(configuration: Configuration, context: RequestContext): RawRule[] {
  const read = (destination: DestinationKind, shape: RuleShape, arn: string | undefined): RawRule => ({
    id: shape.Id ?? randomUuid(context.random),
    destination,
    arn: arn ?? '',
    events: shape.Events ?? [],
    filters: (shape.Filter?.Key?.FilterRules ?? []).map(({ Name = '', Value = '' }) => ({
      name: Name,
      value: Value,
    })),
  });
  return [
    ...(configuration.TopicConfigurations ?? []).map((shape) => read('sns', shape, shape.TopicArn)),
    ...(configuration.QueueConfigurations ?? []).map((shape) => read('sqs', shape, shape.QueueArn)),
    ...(configuration.LambdaFunctionConfigurations ?? []).map((shape) =>
      read('lambda', shape, shape.LambdaFunctionArn),
    ),
  ];
}

interface Problem {
  readonly arn: string;
  readonly reason: string;
}

/** AWS: names every destination that failed in one error. Queues and topics get the test event. */
async function validateDestinations(
  context: RequestContext,
  bucket: Bucket,
  rules: readonly NotificationRule[],
): Promise<void> {
  const problems: Problem[] = [];
  const seen = new Set<string>();
  for (const { arn, destination } of rules) {
    if (seen.has(arn)) continue;
    seen.add(arn);
    try {
      await probe(context, { bucket, arn, destination });
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      problems.push({ arn, reason: explain(destination, arn, error) });
    }
  }
  if (problems.length > 0) throw unreachableDestinations(problems);
}

interface Probe {
  readonly bucket: Bucket;
  readonly arn: string;
  readonly destination: DestinationKind;
}

async function probe(context: RequestContext, { bucket, arn, destination }: Probe): Promise<void> {
  const { account, region } = present(parseArn(arn), 'destination of a notification');
  const options = { as: notifier(bucket.name, bucket.account), account, region };
  const message = formatTestEvent({
    bucket: bucket.name,
    requestId: context.requestId,
    timeMs: context.nowMs,
  });
  switch (destination) {
    case 'lambda':
      await context.call('lambda', 'Invoke', { FunctionName: arn, InvocationType: 'DryRun' }, options);
      return;
    case 'sqs':
      await context.call(
        'sqs',
        'SendMessage',
        { QueueUrl: queueUrl(arn, context), MessageBody: message },
        options,
      );
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

function explain(destination: DestinationKind, arn: string, error: ServiceError): string {
  const missing = /NotFound|NonExistent|DoesNotExist/i.test(error.code);
  switch (destination) {
    case 'lambda':
      return missing
        ? 'The destination Lambda does not exist'
        : `Not authorized to invoke function [${arn}]`;
    case 'sqs':
      return missing
        ? 'The destination queue does not exist'
        : 'Permissions on the destination queue do not allow S3 to publish notifications from this bucket';
    case 'sns':
      return missing
        ? 'The destination topic does not exist'
        : 'Permissions on the destination topic do not allow S3 to publish notifications from this bucket';
  }
}
