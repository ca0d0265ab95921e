// An SQS message as functions and event filters see it.
import { parseArn } from '../../../base/arn.ts';
import { createMatcher } from '../../../base/event-pattern.ts';
import type { OutputOf } from '../../../models/operations.ts';

export type Message = NonNullable<OutputOf<'sqs', 'ReceiveMessage'>['Messages']>[number];

/** A record of the event. <developer guide, "Example Amazon SQS message event"> */
export function toRecord(message: Message, eventSourceArn: string): Record<string, unknown> {
  const attributes = Object.entries(message.MessageAttributes ?? {}).map(([name, value]) => [
    name,
    {
      ...(value.StringValue === undefined ? {} : { stringValue: value.StringValue }),
      ...(value.BinaryValue === undefined
        ? {}
        : { binaryValue: Buffer.from(value.BinaryValue).toString('base64') }),
      stringListValues: [],
      binaryListValues: [],
      dataType: value.DataType,
    },
  ]);
  return {
    messageId: message.MessageId,
    receiptHandle: message.ReceiptHandle,
    body: message.Body,
    attributes: message.Attributes ?? {},
    messageAttributes: Object.fromEntries(attributes),
    ...(message.MD5OfMessageAttributes === undefined
      ? {}
      : { md5OfMessageAttributes: message.MD5OfMessageAttributes }),
    md5OfBody: message.MD5OfBody,
    eventSource: 'aws:sqs',
    eventSourceARN: eventSourceArn,
    awsRegion: parseArn(eventSourceArn)?.region,
  };
}

/** Whether one of the patterns matches; no patterns let everything through. */
export function compileFilters(
  patterns: readonly string[],
  eventSourceArn: string,
): (message: Message) => boolean {
  if (patterns.length === 0) return () => true;
  const matchers = patterns.map((pattern) => createMatcher(JSON.parse(pattern)));
  return (message) => {
    // A JSON body is seen as an object, any other as text. <developer guide, "Lambda event filtering">
    const record = { ...toRecord(message, eventSourceArn), body: readBody(message.Body ?? '') };
    return matchers.some((matches) => matches(record));
  };
}

function readBody(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}
