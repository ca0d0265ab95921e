// Errors as each service really words them on the wire.
import { describe, expect, test } from 'vitest';
import { ServiceError } from '../base/errors.ts';
import type { ServiceErrorOptions } from '../base/errors.ts';
import type { ServiceId } from '../models/operations.ts';
import { loadSchemas } from '../models/schemas.ts';
import { SERVICE_ROWS } from '../models/services.ts';
import { bodyOf } from './http.ts';
import { loadServiceModel } from './load-model.ts';
import { protocolNamed } from './protocols.ts';
import type { ProtocolName } from './service-model.ts';

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: string;
}

interface Sketch extends ServiceErrorOptions {
  readonly protocol?: ProtocolName;
  readonly method?: string;
}

async function answer(
  id: ServiceId,
  [code, message]: [string, string],
  sketch: Sketch = {},
): Promise<Answer> {
  const row = SERVICE_ROWS.find((candidate) => candidate.id === id);
  if (row === undefined) throw new Error(`no row ${id}`);
  const model = loadServiceModel(row, await loadSchemas(id));
  const request = {
    method: sketch.method ?? 'POST',
    path: '/',
    query: '',
    headers: {},
    body: bodyOf(new Uint8Array()),
    sourceIp: '127.0.0.1',
    signal: new AbortController().signal,
  };
  const protocol = protocolNamed(sketch.protocol ?? row.protocols[0] ?? 'awsJson1_0');
  const response = protocol.serializeError(
    { model, request },
    new ServiceError(code, message, sketch),
    'request-1',
  );
  const body =
    response.body === undefined ? '' : Buffer.from(response.body as Uint8Array).toString('utf8');
  return { status: response.status, headers: response.headers, body };
}

describe('awsJson', () => {
  // Recorded: <github.com/architect/dynalite test/helpers>
  test('DynamoDB names its dated namespace and sends a checksum', async () => {
    const { status, headers, body } = await answer('dynamodb', [
      'ResourceNotFoundException',
      'Requested resource not found',
    ]);
    expect(status).toBe(400);
    expect(JSON.parse(body)).toEqual({
      __type: 'com.amazonaws.dynamodb.v20120810#ResourceNotFoundException',
      message: 'Requested resource not found',
    });
    expect(headers).toMatchObject({
      'content-type': 'application/x-amz-json-1.0',
      'x-amzn-requestid': 'request-1',
      'x-amz-crc32': expect.stringMatching(/^\d+$/),
    });
  });

  test('the checksum is the CRC-32 of the body', async () => {
    const { headers, body } = await answer('dynamodb', [
      'ResourceNotFoundException',
      'Requested resource not found',
    ]);
    // The table-driven CRC-32 of RFC 1952, section 8.
    let crc = 0xffffffff;
    for (const byte of Buffer.from(body)) {
      crc ^= byte;
      for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    }
    expect(headers['x-amz-crc32']).toBe(String((crc ^ 0xffffffff) >>> 0));
  });

  test('members of an error go through its schema', async () => {
    const { body } = await answer(
      'dynamodb',
      ['ConditionalCheckFailedException', 'The conditional request failed'],
      {
        fields: { Item: { pk: { B: Buffer.from('ab') } } },
      },
    );
    expect(JSON.parse(body)).toEqual({
      __type: 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException',
      message: 'The conditional request failed',
      Item: { pk: { B: 'YWI=' } },
    });
  });

  test.each([
    [
      'ValidationException',
      { __type: 'com.amazon.coral.validate#ValidationException', message: 'Bad' },
    ],
    [
      'SerializationException',
      { __type: 'com.amazon.coral.service#SerializationException', Message: 'Bad' },
    ],
    [
      'UnrecognizedClientException',
      { __type: 'com.amazon.coral.service#UnrecognizedClientException', message: 'Bad' },
    ],
  ])('codes outside the model: %s', async (code, expected) => {
    expect(JSON.parse((await answer('dynamodb', [code, 'Bad'])).body)).toEqual(expected);
  });

  test('services without a namespace send the bare name', async () => {
    const { body, headers } = await answer('logs', [
      'ResourceNotFoundException',
      'The specified log group does not exist.',
    ]);
    expect(JSON.parse(body)).toEqual({
      __type: 'ResourceNotFoundException',
      message: 'The specified log group does not exist.',
    });
    expect(headers['content-type']).toBe('application/x-amz-json-1.1');
  });

  test('server faults are 500, and a status of the error wins', async () => {
    expect((await answer('dynamodb', ['InternalServerError', ''])).status).toBe(500);
    expect((await answer('dynamodb', ['ServiceUnavailable', ''], { status: 503 })).status).toBe(
      503,
    );
  });
});

describe('SQS, in both of its protocols', () => {
  const missing: [string, string] = ['QueueDoesNotExist', 'The specified queue does not exist.'];

  // <docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-json-faqs.html>
  test('JSON carries the older code in a header', async () => {
    const { status, headers, body } = await answer('sqs', missing);
    expect(status).toBe(400);
    expect(headers['x-amzn-query-error']).toBe('AWS.SimpleQueueService.NonExistentQueue;Sender');
    expect(JSON.parse(body)).toEqual({
      __type: 'com.amazonaws.sqs#QueueDoesNotExist',
      message: missing[1],
    });
  });

  // Recorded pairs: see query-codes.ts.
  test.each([
    ['InvalidParameterValue', 'com.amazon.coral.service#InvalidParameterValueException', 400],
    ['MissingParameter', 'com.amazon.coral.service#MissingRequiredParameterException', 400],
    ['AccessDenied', 'com.amazon.coral.service#AccessDeniedException', 403],
    ['InvalidClientTokenId', 'com.amazon.coral.service#UnrecognizedClientException', 403],
    ['InvalidAttributeName', 'com.amazonaws.sqs#InvalidAttributeName', 400],
  ])('JSON carries %s in a header and its newer name in the body', async (code, type, status) => {
    const answered = await answer('sqs', [code, 'Oh no.']);
    expect(answered.status).toBe(status);
    expect(answered.headers['x-amzn-query-error']).toBe(`${code};Sender`);
    expect(JSON.parse(answered.body)).toMatchObject({ __type: type });
    const older = await answer('sqs', [code, 'Oh no.'], { protocol: 'awsQuery' });
    expect(older.body).toContain(`<Code>${code}</Code>`);
  });

  test('what JSON says of a body it cannot read has an older name as well', async () => {
    const { headers, body } = await answer('sqs', ['SerializationException', 'Not JSON.']);
    expect(headers['x-amzn-query-error']).toBe('MalformedInput;Sender');
    expect(JSON.parse(body)).toMatchObject({
      __type: 'com.amazon.coral.service#SerializationException',
    });
  });

  test.each([missing[0], 'AWS.SimpleQueueService.NonExistentQueue'])(
    'query answers with the older code for %s',
    async (code) => {
      const { body, headers } = await answer('sqs', [code, missing[1]], { protocol: 'awsQuery' });
      expect(headers['content-type']).toBe('text/xml');
      expect(body).toBe(
        '<?xml version="1.0" encoding="UTF-8"?>\n' +
          '<ErrorResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><Error><Type>Sender</Type>' +
          '<Code>AWS.SimpleQueueService.NonExistentQueue</Code><Message>The specified queue does not exist.</Message></Error>' +
          '<RequestId>request-1</RequestId></ErrorResponse>',
      );
    },
  );
});

describe('awsQuery', () => {
  test('statuses and codes of the query trait', async () => {
    const { status, body } = await answer('iam', [
      'NoSuchEntityException',
      'The role with name r cannot be found.',
    ]);
    expect(status).toBe(404);
    expect(body).toContain('<Code>NoSuchEntity</Code>');
  });

  test('text is escaped', async () => {
    const { body } = await answer('cloudformation', ['ValidationError', 'a < b & "c"\n']);
    expect(body).toContain(
      '<Code>ValidationError</Code><Message>a &lt; b &amp; &quot;c&quot;&#xA;</Message>',
    );
  });

  test('faults of ours are the receiver’s', async () => {
    expect((await answer('sns', ['InternalFailure', 'Oops'], { status: 500 })).body).toContain(
      '<Type>Receiver</Type>',
    );
  });
});

describe('restJson1', () => {
  test('Lambda: members by the model, code in a header', async () => {
    const { status, headers, body } = await answer(
      'lambda',
      ['ResourceNotFoundException', 'Function not found: f'],
      {
        fields: { Type: 'User' },
      },
    );
    expect(status).toBe(404);
    expect(headers).toMatchObject({
      'x-amzn-errortype': 'ResourceNotFoundException',
      'content-type': 'application/json',
    });
    expect(JSON.parse(body)).toEqual({ Type: 'User', Message: 'Function not found: f' });
  });

  test('members bound to headers travel there', async () => {
    const { status, headers, body } = await answer(
      'lambda',
      ['TooManyRequestsException', 'Rate Exceeded.'],
      {
        fields: {
          retryAfterSeconds: '1',
          Reason: 'ReservedFunctionConcurrentInvocationLimitExceeded',
          Type: 'User',
        },
      },
    );
    expect(status).toBe(429);
    expect(headers['retry-after']).toBe('1');
    expect(JSON.parse(body)).toEqual({
      Type: 'User',
      message: 'Rate Exceeded.',
      Reason: 'ReservedFunctionConcurrentInvocationLimitExceeded',
    });
  });

  test('codes outside the model', async () => {
    const { status, headers, body } = await answer('apigateway', ['AccessDeniedException', 'No.'], {
      status: 403,
    });
    expect([status, headers['x-amzn-errortype'], JSON.parse(body)]).toEqual([
      403,
      'AccessDeniedException',
      { message: 'No.' },
    ]);
  });
});

describe('S3', () => {
  // <docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>
  test('an Error without a wrapper, with the members of its code', async () => {
    const { status, headers, body } = await answer(
      's3',
      ['NoSuchKey', 'The specified key does not exist.'],
      {
        fields: { Key: 'a&b' },
      },
    );
    expect(status).toBe(404);
    expect(headers).toMatchObject({
      'content-type': 'application/xml',
      'x-amz-request-id': 'request-1',
    });
    expect(headers['x-amz-id-2']).toBeTruthy();
    expect(body).toBe(
      '<?xml version="1.0" encoding="UTF-8"?>\n' +
        '<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message><Key>a&amp;b</Key>' +
        `<RequestId>request-1</RequestId><HostId>${String(headers['x-amz-id-2'])}</HostId></Error>`,
    );
  });

  test.each([
    ['HEAD', 404, 'NoSuchKey'],
    ['GET', 304, 'NotModified'],
  ])('%s answered with %s has no body', async (method, status, code) => {
    const response = await answer('s3', [code, 'x'], { method, status });
    expect([response.status, response.body, response.headers['content-type']]).toEqual([
      status,
      '',
      undefined,
    ]);
  });
});
