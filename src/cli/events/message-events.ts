// Sample events of queues, topics and log groups.
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { CloudWatchLogsDecodedData, CloudWatchLogsEvent, SNSEvent, SQSEvent } from 'aws-lambda';
import { COUNT, PLACE, TIME, defineSample, each, sampleUuid } from './sample-event.ts';

const receiveMessage = defineSample({
  service: 'sqs',
  name: 'receive-message',
  about: 'messages of a queue; of a FIFO queue when its name ends in .fifo',
  fields: {
    ...PLACE,
    ...TIME,
    ...COUNT,
    queue: { about: 'name of the queue', default: 'MyQueue' },
    body: { about: 'body of each message', default: 'Hello from SQS!' },
    group: { about: 'message group of a FIFO queue', default: '1' },
  },
  make({ region, account, time, count, queue, body, group }): SQSEvent {
    const sentMs = Date.parse(time);
    return {
      Records: each(count, (i) => ({
        messageId: sampleUuid(i + 1),
        receiptHandle: `MessageReceiptHandle-${i + 1}`,
        body,
        attributes: {
          ApproximateReceiveCount: '1',
          SentTimestamp: String(sentMs),
          ...(queue.endsWith('.fifo')
            ? {
                SequenceNumber: String(18_849_496_460_467_696_128n + BigInt(i)),
                MessageGroupId: group,
                MessageDeduplicationId: String(i + 1),
              }
            : {}),
          SenderId: account,
          ApproximateFirstReceiveTimestamp: String(sentMs + 1),
        },
        messageAttributes: {},
        md5OfBody: createHash('md5').update(body).digest('hex'),
        eventSource: 'aws:sqs',
        eventSourceARN: `arn:aws:sqs:${region}:${account}:${queue}`,
        awsRegion: region,
      })),
    };
  },
});

const notification = defineSample({
  service: 'sns',
  name: 'notification',
  about: 'a message of a topic',
  fields: {
    ...PLACE,
    ...TIME,
    topic: { about: 'name of the topic', default: 'ExampleTopic' },
    subject: { about: 'subject', default: 'example subject' },
    message: { about: 'message', default: 'example message' },
  },
  make({ region, account, time, topic, subject, message }): SNSEvent {
    const TopicArn = `arn:aws:sns:${region}:${account}:${topic}`;
    return {
      Records: [
        {
          EventSource: 'aws:sns',
          EventVersion: '1.0',
          EventSubscriptionArn: `${TopicArn}:${sampleUuid(2)}`,
          Sns: {
            Type: 'Notification',
            MessageId: sampleUuid(1),
            TopicArn,
            Subject: subject,
            Message: message,
            Timestamp: time,
            SignatureVersion: '1',
            Signature: 'EXAMPLE',
            SigningCertUrl: `https://sns.${region}.amazonaws.com/SimpleNotificationService-1234567890.pem`,
            UnsubscribeUrl: `https://sns.${region}.amazonaws.com/?Action=Unsubscribe&SubscriptionArn=${TopicArn}:${sampleUuid(2)}`,
            MessageAttributes: {
              Test: { Type: 'String', Value: 'TestString' },
              TestBinary: { Type: 'Binary', Value: 'TestBinary' },
            },
          },
        },
      ],
    };
  },
});

const logs = defineSample({
  service: 'cloudwatch',
  name: 'logs',
  about: 'lines that a CloudWatch Logs subscription filter let pass (gzip, base64)',
  fields: {
    account: PLACE.account,
    ...TIME,
    ...COUNT,
    group: { about: 'log group', default: 'testLogGroup' },
    stream: { about: 'log stream', default: 'testLogStream' },
    filter: { about: 'name of the subscription filter', default: 'testFilter' },
    message: { about: 'each line', default: '[ERROR] First test message' },
  },
  make({ account, time, count, group, stream, filter, message }): CloudWatchLogsEvent {
    const decoded: CloudWatchLogsDecodedData = {
      messageType: 'DATA_MESSAGE',
      owner: account,
      logGroup: group,
      logStream: stream,
      subscriptionFilters: [filter],
      logEvents: each(count, (i) => ({ id: `eventId${i + 1}`, timestamp: Date.parse(time) + i, message })),
    };
    return { awslogs: { data: gzipSync(JSON.stringify(decoded)).toString('base64') } };
  },
});

export const MESSAGE_EVENTS = [receiveMessage, notification, logs];
