// Sample events against AWS's documented ones: members, encodings, and that every field has its effect.
// That each is assignable to its type in @types/aws-lambda is checked by the compiler, in the event files.
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { SAMPLE_EVENTS, makeSample } from './event-catalog.ts';
import type { AnySampleEvent, SampleField } from './sample-event.ts';

type Values = Readonly<Record<string, string | number | boolean>>;

function sampleOf(id: string): AnySampleEvent {
  const found = SAMPLE_EVENTS.find(({ service, name }) => `${service} ${name}` === id);
  if (found === undefined) throw new Error(`no sample ${id}`);
  return found;
}

function make(id: string, values: Values = {}): unknown {
  return makeSample(sampleOf(id), values);
}

function at(value: unknown, path: string): unknown {
  if (path === '') return value;
  return path.split('.').reduce<unknown>((inner, key) => (inner as Record<string, unknown>)[key], value);
}

const RECORD_S3 =
  'awsRegion eventName eventSource eventTime eventVersion requestParameters responseElements s3 userIdentity';
const EVENTBRIDGE = 'account detail detail-type id region resources source time version';
const COGNITO = 'callerContext region request response triggerSource userName userPoolId version';
const CUSTOM_RESOURCE =
  'LogicalResourceId RequestId RequestType ResourceProperties ResourceType ResponseURL ServiceToken StackId';

/** Event, fields, where in it, its members there: as in the document named last. */
const MEMBERS: [string, Values, string, string, string][] = [
  ['s3 put', {}, 'Records.0', RECORD_S3, 'Lambda developer guide, with-s3'],
  ['s3 put', {}, 'Records.0.s3', 'bucket configurationId object s3SchemaVersion', 'Lambda developer guide, with-s3'],
  ['s3 put', {}, 'Records.0.s3.object', 'eTag key sequencer size', 'Lambda developer guide, with-s3'],
  ['s3 delete', {}, 'Records.0.s3.object', 'key sequencer', 'sam local generate-event s3 delete'],
  ['s3 object-created', {}, '', EVENTBRIDGE, 'S3 user guide, ev-events'],
  ['s3 object-created', {}, 'detail', 'bucket object reason request-id requester source-ip-address version', 'S3 user guide, ev-events'],
  ['s3 object-deleted', {}, 'detail', 'bucket deletion-type object reason request-id requester source-ip-address version', 'S3 user guide, ev-events'],
  ['s3 batch-invocation', {}, '', 'invocationId invocationSchemaVersion job tasks', 'Lambda developer guide, services-s3-batch'],
  ['sqs receive-message', {}, 'Records.0', 'attributes awsRegion body eventSource eventSourceARN md5OfBody messageAttributes messageId receiptHandle', 'Lambda developer guide, with-sqs'],
  ['sqs receive-message', {}, 'Records.0.attributes', 'ApproximateFirstReceiveTimestamp ApproximateReceiveCount SenderId SentTimestamp', 'Lambda developer guide, with-sqs'],
  ['sqs receive-message', { queue: 'fifo-queue.fifo' }, 'Records.0.attributes', 'ApproximateFirstReceiveTimestamp ApproximateReceiveCount MessageDeduplicationId MessageGroupId SenderId SentTimestamp SequenceNumber', 'Lambda developer guide, with-sqs'],
  ['sns notification', {}, 'Records.0', 'EventSource EventSubscriptionArn EventVersion Sns', 'Lambda developer guide, with-sns'],
  ['sns notification', {}, 'Records.0.Sns', 'Message MessageAttributes MessageId Signature SignatureVersion SigningCertUrl Subject Timestamp TopicArn Type UnsubscribeUrl', 'Lambda developer guide, with-sns'],
  ['kinesis get-records', {}, 'Records.0', 'awsRegion eventID eventName eventSource eventSourceARN eventVersion invokeIdentityArn kinesis', 'Lambda developer guide, with-kinesis'],
  ['kinesis get-records', {}, 'Records.0.kinesis', 'approximateArrivalTimestamp data kinesisSchemaVersion partitionKey sequenceNumber', 'Lambda developer guide, with-kinesis'],
  ['dynamodb update', {}, 'Records.0', 'awsRegion dynamodb eventID eventName eventSource eventSourceARN eventVersion', 'Lambda developer guide, with-ddb'],
  ['dynamodb update', {}, 'Records.0.dynamodb', 'ApproximateCreationDateTime Keys NewImage SequenceNumber SizeBytes StreamViewType', 'sam local generate-event dynamodb update'],
  ['dynamodb update', { type: 'MODIFY' }, 'Records.0.dynamodb', 'ApproximateCreationDateTime Keys NewImage OldImage SequenceNumber SizeBytes StreamViewType', 'sam local generate-event dynamodb update'],
  ['dynamodb update', { type: 'REMOVE' }, 'Records.0.dynamodb', 'ApproximateCreationDateTime Keys OldImage SequenceNumber SizeBytes StreamViewType', 'sam local generate-event dynamodb update'],
  ['dynamodb update', { type: 'REMOVE', view: 'KEYS_ONLY' }, 'Records.0.dynamodb', 'ApproximateCreationDateTime Keys SequenceNumber SizeBytes StreamViewType', 'DynamoDB Streams API, StreamViewType'],
  ['firehose transform', {}, '', 'deliveryStreamArn invocationId records region', 'Lambda developer guide, services-kinesisfirehose'],
  ['msk records', {}, 'records.mytopic-0.0', 'headers key offset partition timestamp timestampType topic value', 'Lambda developer guide, with-msk'],
  ['alb request', {}, '', 'body headers httpMethod isBase64Encoded path queryStringParameters requestContext', 'Lambda developer guide, services-alb'],
  ['alb request', { 'multi-value': true }, '', 'body httpMethod isBase64Encoded multiValueHeaders multiValueQueryStringParameters path requestContext', 'Application Load Balancers guide, lambda-functions'],
  ['apigateway aws-proxy', {}, '', 'body headers httpMethod isBase64Encoded multiValueHeaders multiValueQueryStringParameters path pathParameters queryStringParameters requestContext resource stageVariables', 'API Gateway developer guide, set-up-lambda-proxy-integrations'],
  ['apigateway http-api-proxy', {}, '', 'body cookies headers isBase64Encoded queryStringParameters rawPath rawQueryString requestContext routeKey version', 'API Gateway developer guide, http-api-develop-integrations-lambda'],
  ['apigateway http-api-proxy', {}, 'requestContext', 'accountId apiId domainName domainPrefix http requestId routeKey stage time timeEpoch', 'API Gateway developer guide, http-api-develop-integrations-lambda'],
  ['apigateway http-api-proxy', {}, 'requestContext.http', 'method path protocol sourceIp userAgent', 'API Gateway developer guide, http-api-develop-integrations-lambda'],
  ['apigateway authorizer', {}, '', 'authorizationToken methodArn type', 'API Gateway developer guide, api-gateway-lambda-authorizer-input'],
  ['apigateway http-api-authorizer', {}, '', 'cookies headers identitySource pathParameters queryStringParameters rawPath rawQueryString requestContext routeArn routeKey stageVariables type version', 'API Gateway developer guide, http-api-lambda-authorizer'],
  ['lambda function-url', {}, 'requestContext', 'accountId apiId domainName domainPrefix http requestId routeKey stage time timeEpoch', 'Lambda developer guide, urls-invocation'],
  ['eventbridge scheduled-event', {}, '', EVENTBRIDGE, 'EventBridge user guide, eb-run-lambda-schedule'],
  ['scheduler scheduled-event', {}, '', EVENTBRIDGE, 'EventBridge user guide, aws-events'],
  ['cloudwatch alarm', {}, 'alarmData', 'alarmName configuration previousState state', 'CloudWatch user guide, alarms-and-actions-Lambda'],
  ['cloudformation custom-resource', {}, '', CUSTOM_RESOURCE, 'CloudFormation user guide, crpg-ref-requesttypes-create'],
  ['cloudformation custom-resource', { type: 'Delete' }, '', `LogicalResourceId PhysicalResourceId ${CUSTOM_RESOURCE.split(' ').slice(1).join(' ')}`, 'CloudFormation user guide, crpg-ref-requesttypes-delete'],
  ['cloudformation custom-resource', { type: 'Update' }, '', `LogicalResourceId OldResourceProperties PhysicalResourceId ${CUSTOM_RESOURCE.split(' ').slice(1).join(' ')}`, 'CloudFormation user guide, crpg-ref-requesttypes-update'],
  ['codedeploy lifecycle-hook', {}, '', 'DeploymentId LifecycleEventHookExecutionId', 'CodeDeploy user guide, reference-appspec-file-structure-hooks'],
  ['cognito pre-signup', {}, '', COGNITO, 'Cognito developer guide, cognito-user-pools-working-with-lambda-triggers'],
  ['cognito pre-signup', {}, 'response', 'autoConfirmUser autoVerifyEmail autoVerifyPhone', 'Cognito developer guide, user-pool-lambda-pre-sign-up'],
  ['cognito post-confirmation', {}, '', COGNITO, 'Cognito developer guide, user-pool-lambda-post-confirmation'],
  ['cognito pre-token-generation', {}, 'request', 'groupConfiguration userAttributes', 'Cognito developer guide, user-pool-lambda-pre-token-generation'],
  ['cognito pre-token-generation-v2', {}, 'request', 'groupConfiguration scopes userAttributes', 'Cognito developer guide, user-pool-lambda-pre-token-generation'],
  ['cognito custom-message', {}, 'response', 'emailMessage emailSubject smsMessage', 'Cognito developer guide, user-pool-lambda-custom-message'],
  ['secretsmanager rotation', {}, '', 'ClientRequestToken SecretId Step', 'Secrets Manager user guide, rotate-secrets_lambda-functions'],
  ['stepfunctions error', {}, '', 'Cause Error', 'Step Functions developer guide, concepts-error-handling'],
  ['ses email-receiving', {}, 'Records.0.ses', 'mail receipt', 'SES developer guide, receiving-email-action-lambda-event'],
];

test.each(MEMBERS)('%s %j %s has the members %s (%s)', (id, values, path, members) => {
  const inner = at(make(id, values), path) as object;
  expect(Object.keys(inner).toSorted()).toEqual(members.split(' ').toSorted());
});

describe('encodings', () => {
  test('the digest of an SQS body', () => {
    // <Lambda developer guide, with-sqs>: md5OfBody of "Test message."
    const event = make('sqs receive-message', { body: 'Test message.' });
    expect(at(event, 'Records.0.md5OfBody')).toBe('e4e68fb7bd0e697a0ae8f1bb342846b3');
  });

  test('Kinesis data', () => {
    // <Lambda developer guide, with-kinesis>
    const event = make('kinesis get-records', { data: 'Hello, this is a test.' });
    expect(at(event, 'Records.0.kinesis.data')).toBe('SGVsbG8sIHRoaXMgaXMgYSB0ZXN0Lg==');
  });

  test('keys of S3 objects', () => {
    // <S3 user guide, notification-content-structure>: "red flower.jpg" becomes "red+flower.jpg"
    expect(at(make('s3 put', { key: 'a/red flower.jpg' }), 'Records.0.s3.object.key')).toBe('a/red+flower.jpg');
    // EventBridge has them plain. <S3 user guide, ev-events>
    expect(at(make('s3 object-created', { key: 'red flower.jpg' }), 'detail.object.key')).toBe('red flower.jpg');
  });

  test('queries and times of HTTP APIs', () => {
    // <API Gateway developer guide, http-api-develop-integrations-lambda>
    const query = 'parameter1=value1&parameter1=value2&parameter2=value';
    const event = make('apigateway http-api-proxy', { query, time: '2020-03-12T19:03:58.000Z' });
    expect(event).toMatchObject({
      rawQueryString: query,
      queryStringParameters: { parameter1: 'value1,value2', parameter2: 'value' },
      requestContext: { time: '12/Mar/2020:19:03:58 +0000' },
    });
  });

  test('greedy and plain path parameters', () => {
    const of = (resource: string, path: string) =>
      at(make('apigateway aws-proxy', { resource, path }), 'pathParameters');
    expect(of('/{proxy+}', '/path/to/resource')).toEqual({ proxy: 'path/to/resource' });
    expect(of('/users/{id}/pets/{pet}', '/users/7/pets/tom')).toEqual({ id: '7', pet: 'tom' });
    expect(of('/users', '/users')).toBeNull();
  });

  test('log lines are gzipped and in base64', () => {
    const { data } = at(make('cloudwatch logs', { message: 'hello', count: 2 }), 'awslogs') as { data: string };
    const decoded: unknown = JSON.parse(gunzipSync(Buffer.from(data, 'base64')).toString());
    // <CloudWatch Logs user guide, SubscriptionFilters>
    expect(decoded).toMatchObject({
      messageType: 'DATA_MESSAGE',
      owner: '123456789012',
      logEvents: [{ message: 'hello' }, { message: 'hello' }],
    });
  });

  test('items as attribute values', () => {
    const event = make('dynamodb update', { key: '{"Id":101}', item: '{"a":"x","b":[true,null],"c":{"d":1.5}}' });
    expect(at(event, 'Records.0.dynamodb.NewImage')).toEqual({
      Id: { N: '101' },
      a: { S: 'x' },
      b: { L: [{ BOOL: true }, { NULL: true }] },
      c: { M: { d: { N: '1.5' } } },
    });
    expect(() => make('dynamodb update', { item: '[]' })).toThrow(/--item is not a JSON object/);
  });
});

/** What makes fields visible that only matter beside others. */
const CIRCUMSTANCES: Readonly<Record<string, Values>> = {
  'sqs receive-message group': { queue: 'a.fifo' },
  'dynamodb update old': { type: 'MODIFY' },
  'dynamodb update view': { type: 'MODIFY' },
};

function other(field: SampleField): string | number | boolean {
  if (typeof field.default === 'boolean') return !field.default;
  if (typeof field.default === 'number') return field.default + 1;
  const choice = field.choices?.find((known) => known !== field.default);
  if (choice !== undefined) return choice;
  if (field.default.startsWith('{')) return '{"other":"value"}';
  return /^\d{4}-/.test(field.default) ? '2027-07-07T07:07:07.777Z' : `other-${field.default}`;
}

const FIELDS = SAMPLE_EVENTS.flatMap((sample) =>
  Object.entries(sample.fields).map(([field, spec]) => [`${sample.service} ${sample.name}`, field, spec] as const),
);

test.each(FIELDS)('%s --%s changes the event', (id, field, spec) => {
  const values = CIRCUMSTANCES[`${id} ${field}`] ?? {};
  expect(make(id, { ...values, [field]: other(spec) })).not.toEqual(make(id, values));
});

test('events are the same in every run, and all have different names', () => {
  for (const sample of SAMPLE_EVENTS) expect(makeSample(sample)).toEqual(makeSample(sample));
  const names = SAMPLE_EVENTS.map(({ service, name }) => `${service} ${name}`);
  expect(new Set(names).size).toBe(names.length);
});
