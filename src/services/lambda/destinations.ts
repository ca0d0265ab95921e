// Where the outcome of an asynchronous invocation goes: destinations and dead letter queues.
import { parseArn } from '../../base/arn.ts';
import type { FunctionResult } from '../../base/function-runner.ts';
import type { WorkContext } from '../../kernel/context.ts';
import type { AsyncEvent } from './async-event.ts';
import { invalidParameter } from './errors.ts';
import { functionArn } from './function-reference.ts';
import { jsonOf } from './payload.ts';
import type { ResolvedFunction } from './resolve.ts';
import { type InvokeConfig, getFunction } from './store.ts';

export interface AsyncOutcome {
  readonly event: AsyncEvent;
  readonly condition: 'Success' | 'RetriesExhausted' | 'EventAgeExceeded';
  readonly config: InvokeConfig | undefined;
  readonly resolved?: ResolvedFunction;
  readonly result?: FunctionResult;
}

export async function reportOutcome(outcome: AsyncOutcome, context: WorkContext): Promise<void> {
  const { config, condition } = outcome;
  const target = condition === 'Success' ? config?.onSuccessArn : config?.onFailureArn;
  if (target !== undefined) await sendRecord(target, destinationRecord(outcome, context), context);
  if (condition !== 'Success') await sendToDeadLetters(outcome, context);
}

/** The invocation record. <developer guide, "Capturing records of Lambda asynchronous invocations"> */
function destinationRecord(outcome: AsyncOutcome, context: WorkContext): Record<string, unknown> {
  const { event, condition, result, resolved } = outcome;
  const version = resolved?.version.version ?? event.qualifier ?? '$LATEST';
  return {
    version: '1.0',
    timestamp: new Date(context.clock.now()).toISOString(),
    requestContext: {
      requestId: event.requestId,
      functionArn: functionArn(event.scope, event.name, version),
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

async function sendRecord(
  targetArn: string,
  record: Record<string, unknown>,
  context: WorkContext,
): Promise<void> {
  const text = JSON.stringify(record);
  const arn = parseArn(targetArn);
  switch (arn?.service) {
    case 'sqs':
      await context.call('sqs', 'SendMessage', { QueueUrl: queueUrl(targetArn, context), MessageBody: text });
      return;
    case 'sns':
      await context.call('sns', 'Publish', { TopicArn: targetArn, Message: text });
      return;
    case 'lambda':
      await context.call('lambda', 'Invoke', {
        FunctionName: targetArn,
        InvocationType: 'Event',
        Payload: new TextEncoder().encode(text),
      });
      return;
    default:
      throw invalidParameter(`The destination ARN ${targetArn} is invalid.`);
  }
}

/** AWS: the event itself, with the reason in three message attributes. <developer guide, "Dead-letter queues"> */
async function sendToDeadLetters({ event, result }: AsyncOutcome, context: WorkContext): Promise<void> {
  const record = await context.store.read((view) => getFunction(view, event.scope, event.name));
  const targetArn = record?.latest.deadLetterArn;
  if (targetArn === undefined) return;
  const attribute = (DataType: string, StringValue: string): { DataType: string; StringValue: string } => ({
    DataType,
    StringValue,
  });
  const document = result === undefined ? undefined : jsonOf(result.payload);
  const errorMessage =
    typeof document === 'object' && document !== null && 'errorMessage' in document
      ? String(document.errorMessage)
      : 'The event was not processed in time.';
  const MessageAttributes = {
    RequestID: attribute('String', event.requestId),
    ErrorCode: attribute('Number', '200'),
    ErrorMessage: attribute('String', errorMessage.slice(0, 1_024)),
  };
  const body = Buffer.from(event.payload).toString('utf8');
  if (parseArn(targetArn)?.service === 'sqs') {
    const QueueUrl = queueUrl(targetArn, context);
    await context.call('sqs', 'SendMessage', { QueueUrl, MessageBody: body, MessageAttributes });
  } else {
    await context.call('sns', 'Publish', { TopicArn: targetArn, Message: body, MessageAttributes });
  }
}

/** `arn:aws:sqs:REGION:ACCOUNT:NAME` → the queue's URL on this cloud. */
export function queueUrl(queueArn: string, context: WorkContext): string {
  const arn = parseArn(queueArn);
  return `${context.endpoint}/${arn?.account ?? ''}/${arn?.resource ?? ''}`;
}
