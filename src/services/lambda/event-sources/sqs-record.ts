// An SQS message as functions and event filters see it.
import { parseArn } from '../../../base/arn.ts';
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

/**
 * The record as event filters see it: a body that holds a JSON object or list is seen as that, any
 * other as text. <developer guide, "Properly filtering Amazon SQS messages">
 */
export function filterView(record: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { body } = record;
  return { ...record, body: typeof body === 'string' ? readBody(body) : body };
}

function readBody(body: string): unknown {
  if (!/^\s*[[{]/.test(body)) return body;
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}
