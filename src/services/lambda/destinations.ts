// Where the outcome of an asynchronous invocation goes: destinations and dead letter queues.
import { parseArn } from '../../base/arn.ts';
import { ServiceError, unreachable } from '../../base/errors.ts';
import { randomUuid } from '../../base/random.ts';
import type { FunctionResult } from '../../base/function-runner.ts';
import type { WorkContext } from '../../kernel/context.ts';
import type { AsyncEvent } from './async-event.ts';
import { metricsOf } from './function-metrics.ts';
import { functionArn } from './function-reference.ts';
import { jsonOf } from './payload.ts';
import type { ResolvedFunction } from './resolve.ts';
import type { InvokeConfig } from './store.ts';

export interface AsyncOutcome {
  readonly event: AsyncEvent;
  readonly condition: 'Success' | 'RetriesExhausted' | 'EventAgeExceeded' | 'ZeroReservedConcurrency';
  readonly config: InvokeConfig | undefined;
  readonly resolved: ResolvedFunction;
  readonly result?: FunctionResult & { readonly traceId?: string };
}

/** A message on its way to a destination or dead letter queue: a durable task of its own. */
export interface Delivery {
  readonly targetArn: string;
  readonly text: string;
  readonly attributes?: Readonly<Record<string, Attribute>>;
  /** Where a bucket keeps it; given for buckets only. */
  readonly objectKey?: string;
  /** The function it tells of, for the metric that counts what could not be delivered. */
  readonly source?: Pick<AsyncEvent, 'scope' | 'name' | 'qualifier'>;
}

interface Attribute {
  readonly DataType: 'String' | 'Number';
  readonly StringValue: string;
}

/** Sees to it that the outcome is delivered where the function's configuration says. */
export async function reportOutcome(outcome: AsyncOutcome, context: WorkContext): Promise<void> {
  const { config, condition, resolved, event } = outcome;
  const targetArn = condition === 'Success' ? config?.onSuccessArn : config?.onFailureArn;
  const { deadLetterArn } = resolved.version;
  const { scope, name, qualifier } = event;
  const source = { scope, name, ...(qualifier === undefined ? {} : { qualifier }) };
  if (condition !== 'Success') {
    const metrics = metricsOf({ scope, name, qualifier, version: qualifier ?? '$LATEST' }, context);
    metrics.add('AsyncEventsDropped', 1, context.clock.now());
  }
  const deliveries: Delivery[] = [];
  if (targetArn !== undefined) {
    const text = JSON.stringify(destinationRecord(outcome, context));
    const isBucket = destinationService(targetArn) === 's3';
    const key = isBucket && { objectKey: recordObjectKey(`aws/lambda/async/${event.name}`, context) };
    deliveries.push({ targetArn, text, ...key });
  }
  if (condition !== 'Success' && deadLetterArn !== undefined) {
    deliveries.push(deadLetter(deadLetterArn, outcome));
  }
  if (deliveries.length === 0) return;
  await context.store.transact(async (tx) => {
    for (const delivery of deliveries) {
      context.timers.schedule(tx, scope, {
        worker: 'lambda/deliver',
        dueMs: context.clock.now(),
        payload: { ...delivery, source },
        // The function's own trace, so that a loop over a destination is found, too.
        traceId: outcome.result?.traceId ?? event.traceId,
      });
    }
  });
}

/** The invocation record. <developer guide, "Capturing records of Lambda asynchronous invocations"> */
function destinationRecord(outcome: AsyncOutcome, context: WorkContext): Record<string, unknown> {
  const { event, condition, result, resolved } = outcome;
  const { version } = resolved.version;
  return {
    version: '1.0',
    timestamp: new Date(context.clock.now()).toISOString(),
    requestContext: {
      requestId: event.requestId,
      functionArn: functionArn(event.scope, event.name, event.qualifier ?? version),
      condition,
      approximateInvokeCount: event.failures + (condition === 'Success' ? 1 : 0),
    },
    requestPayload: jsonOf(event.payload),
    ...(result === undefined
      ? {}
      : {
          responseContext: {
            statusCode: 200,
            executedVersion: version,
            ...(result.error === undefined ? {} : { functionError: result.error }),
          },
          responsePayload: jsonOf(result.payload),
        }),
  };
}

/**
 * Where a bucket keeps a record: the folder, then `YYYY/MM/DD/YYYY-MM-DDTHH.MM.SS-<Random UUID>`.
 * <developer guide, "Configuring on-failure destinations", Amazon S3>
 */
export function recordObjectKey(folder: string, context: WorkContext): string {
  const [day = '', time = ''] = new Date(context.clock.now()).toISOString().split('T');
  const stamp = `${day}T${time.slice(0, 8).replaceAll(':', '.')}`;
  return `${folder}/${day.replaceAll('-', '/')}/${stamp}-${randomUuid(context.random)}`;
}

/** AWS: the event itself, with the reason in three message attributes. <developer guide, "Dead-letter queues"> */
function deadLetter(targetArn: string, { event, result }: AsyncOutcome): Delivery {
  const document = result === undefined ? undefined : jsonOf(result.payload);
  const errorMessage =
    typeof document === 'object' && document !== null && 'errorMessage' in document
      ? String(document.errorMessage)
      : 'The event was not processed in time.';
  return {
    targetArn,
    text: Buffer.from(event.payload).toString('utf8'),
    attributes: {
      RequestID: { DataType: 'String', StringValue: event.requestId },
      ErrorCode: { DataType: 'Number', StringValue: '200' },
      // AWS: the first kilobyte of the error message.
      ErrorMessage: { DataType: 'String', StringValue: errorMessage.slice(0, 1_024) },
    },
  };
}

/**
 * The worker behind `lambda/deliver`. A target that refuses loses the message, as on AWS (metrics
 * `DestinationDeliveryFailures`, `DeadLetterErrors`); one that is out of order is tried again.
 */
export async function deliver(payload: unknown, context: WorkContext): Promise<void> {
  const delivery = payload as Delivery;
  try {
    await send(delivery, context);
  } catch (error) {
    if (!(error instanceof ServiceError) || error.status >= 500 || error.status === 429) throw error;
    countFailure(delivery, context);
  }
}

function countFailure({ source, attributes }: Delivery, context: WorkContext): void {
  if (source === undefined) return;
  const { scope, name, qualifier } = source;
  const metrics = metricsOf({ scope, name, qualifier, version: qualifier ?? '$LATEST' }, context);
  // Dead letters alone have attributes.
  const metric = attributes === undefined ? 'DestinationDeliveryFailures' : 'DeadLetterErrors';
  metrics.add(metric, 1, context.clock.now());
}

async function send({ targetArn, text, attributes, objectKey }: Delivery, context: WorkContext): Promise<void> {
  const MessageAttributes = { ...attributes };
  const service = destinationService(targetArn);
  switch (service) {
    case 'sqs': {
      const QueueUrl = queueUrl(targetArn, context);
      await context.call('sqs', 'SendMessage', { QueueUrl, MessageBody: text, MessageAttributes });
      return;
    }
    case 'sns':
      await context.call('sns', 'Publish', { TopicArn: targetArn, Message: text, MessageAttributes });
      return;
    case 'lambda': {
      const Payload = new TextEncoder().encode(text);
      const input = { FunctionName: targetArn, InvocationType: 'Event', Payload } as const;
      await context.call('lambda', 'Invoke', input);
      return;
    }
    case 's3': {
      const Bucket = parseArn(targetArn)?.resource;
      const Body = new TextEncoder().encode(text);
      await context.call('s3', 'PutObject', { Bucket, Key: objectKey, Body, ContentType: 'application/json' });
      return;
    }
    case undefined:
      return;
    default:
      unreachable(service);
  }
}

const DESTINATION_SERVICES = ['lambda', 's3', 'sns', 'sqs'] as const;
type DestinationService = (typeof DESTINATION_SERVICES)[number];

/** Which service receives at an ARN; undefined when none of ours does. */
export function destinationService(arn: string): DestinationService | undefined {
  const service = parseArn(arn)?.service;
  return DESTINATION_SERVICES.find((each) => each === service);
}

/** `arn:aws:sqs:REGION:ACCOUNT:NAME` → the queue's URL on this cloud. */
export function queueUrl(queueArn: string, context: WorkContext): string {
  const arn = parseArn(queueArn);
  return `${context.endpoint}/${arn?.account ?? ''}/${arn?.resource ?? ''}`;
}
