// Bodies that cannot be read: AWS's answer where AWS has one, and never a crash.
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { ServiceError } from '../base/errors.ts';
import type { ServiceId } from '../models/operations.ts';
import { loadSchemas } from '../models/schemas.ts';
import { SERVICE_ROWS } from '../models/services.ts';
import { BodyTooLarge, bodyOf } from './http.ts';
import type { HttpBody } from './http.ts';
import { loadServiceModel } from './load-model.ts';
import { protocolNamed } from './protocols.ts';
import type { ProtocolName } from './service-model.ts';

interface Sketch {
  readonly headers?: Readonly<Record<string, string>>;
  readonly path?: string;
  readonly query?: string;
  readonly protocol?: ProtocolName;
  readonly labels?: Readonly<Record<string, string>>;
  readonly httpBody?: HttpBody;
}

async function parse(
  target: string,
  body: string | Uint8Array,
  sketch: Sketch = {},
): Promise<unknown> {
  const [id = '', name = ''] = target.split('.');
  const row = SERVICE_ROWS.find((candidate) => candidate.id === id);
  if (row === undefined) throw new Error(`no row ${id}`);
  const model = loadServiceModel(row, await loadSchemas(id as ServiceId));
  const operation = model.operations.get(name);
  if (operation === undefined) throw new Error(`no operation ${target}`);
  const protocol = protocolNamed(sketch.protocol ?? row.protocols[0] ?? 'awsJson1_0');
  const form =
    protocol.name === 'awsQuery' ? { 'content-type': 'application/x-www-form-urlencoded' } : {};
  const request = {
    method: 'POST',
    path: sketch.path ?? '/',
    query: sketch.query ?? '',
    headers: { host: 'localhost:4566', ...form, ...sketch.headers },
    body: sketch.httpBody ?? bodyOf(Buffer.from(body)),
    sourceIp: '127.0.0.1',
    signal: new AbortController().signal,
  };
  return protocol.parse({
    kind: 'routed',
    model,
    operation,
    protocol,
    request,
    labels: sketch.labels ?? {},
  });
}

/** `CODE: message` of the refusal. */
async function refusal(parsing: Promise<unknown>): Promise<string> {
  try {
    await parsing;
  } catch (error) {
    if (error instanceof ServiceError) return `${error.code}: ${error.message}`;
    throw error;
  }
  throw new Error('the request was accepted');
}

const PACKAGE = 'com.amazonaws.dynamodb.v20120810';
const CAST =
  'class sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl cannot be cast to class java.lang.Class ' +
  '(sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl and java.lang.Class are in module java.base ' +
  "of loader 'bootstrap')";

describe('awsJson: values of the wrong type', () => {
  // Recorded from DynamoDB: <github.com/architect/dynalite test/helpers>
  test.each([
    ['PutItem', { TableName: true }, 'TRUE_VALUE cannot be converted to String'],
    ['PutItem', { TableName: false }, 'FALSE_VALUE cannot be converted to String'],
    ['PutItem', { TableName: 23 }, 'NUMBER_VALUE cannot be converted to String'],
    ['PutItem', { TableName: 34.56 }, 'DECIMAL_VALUE cannot be converted to String'],
    ['PutItem', { TableName: [] }, 'Unrecognized collection type class java.lang.String'],
    ['PutItem', { TableName: {} }, 'Start of structure or map found where not expected'],
    ['GetItem', { ConsistentRead: '23' }, 'Unexpected token received from parser'],
    ['GetItem', { ConsistentRead: 23 }, 'NUMBER_VALUE cannot be converted to Boolean'],
    ['GetItem', { ConsistentRead: 34.56 }, 'DECIMAL_VALUE cannot be converted to Boolean'],
    ['GetItem', { ConsistentRead: [] }, 'Unrecognized collection type class java.lang.Boolean'],
    ['ListTables', { Limit: '23' }, 'STRING_VALUE cannot be converted to Integer'],
    ['ListTables', { Limit: true }, 'TRUE_VALUE cannot be converted to Integer'],
    ['ListTables', { Limit: {} }, 'Start of structure or map found where not expected'],
    ['PutItem', { Item: '23' }, 'Unexpected field type'],
    [
      'PutItem',
      { Item: [] },
      `Unrecognized collection type java.util.Map<java.lang.String, ${PACKAGE}.AttributeValue>`,
    ],
    ['PutItem', { Item: { a: '23' } }, 'Unexpected value type in payload'],
    [
      'PutItem',
      { Item: { a: [] } },
      `Unrecognized collection type class ${PACKAGE}.AttributeValue`,
    ],
    [
      'PutItem',
      { Item: { a: { B: 23 } } },
      'only base-64-encoded strings are convertible to bytes',
    ],
    [
      'PutItem',
      { Item: { a: { B: [] } } },
      'Unrecognized collection type class java.nio.ByteBuffer',
    ],
    [
      'PutItem',
      { Item: { a: { B: '23456' } } },
      'Base64 encoded length is expected a multiple of 4 bytes but found: 5',
    ],
    ['PutItem', { Item: { a: { B: '=+/=' } } }, 'Invalid last non-pad Base64 character dectected'],
    ['PutItem', { Item: { a: { B: '+/+=' } } }, 'Invalid last non-pad Base64 character dectected'],
    ['PutItem', { Item: { a: { SS: '23' } } }, 'Unexpected field type'],
    ['PutItem', { Item: { a: { SS: {} } } }, 'Start of structure or map found where not expected'],
    ['PutItem', { Item: { a: { L: [23] } } }, 'Unexpected value type in payload'],
    ['PutItem', { Item: { a: { M: true } } }, 'Unexpected field type'],
    ['BatchWriteItem', { RequestItems: { a: '23' } }, CAST],
    ['CreateTable', { ProvisionedThroughput: 23 }, 'Unexpected field type'],
    [
      'CreateTable',
      { ProvisionedThroughput: [] },
      `Unrecognized collection type class ${PACKAGE}.ProvisionedThroughput`,
    ],
  ])('%s %j', async (operation, body, message) => {
    expect(await refusal(parse(`dynamodb.${operation}`, JSON.stringify(body)))).toBe(
      `SerializationException: ${message}`,
    );
  });

  test.each(['{', '[1', '"x', 'undefined', '{"a":1}}', '\u0000'])('not JSON: %j', async (body) => {
    expect(await refusal(parse('dynamodb.GetItem', body))).toBe('SerializationException: ');
  });

  test.each(['[]', '"x"', '7', 'true'])('not an object: %s', async (body) => {
    expect(await refusal(parse('dynamodb.GetItem', body))).toMatch(/^SerializationException: /);
  });

  test('unknown and null members are dropped, prototype names are data', async () => {
    const body =
      '{"TableName":null,"Nope":1,"constructor":{},"Item":{"__proto__":{"S":"x"},"toString":{"S":"y"}}}';
    const input = (await parse('dynamodb.PutItem', body)) as { Item: Record<string, unknown> };
    expect(Object.keys(input)).toEqual(['Item']);
    expect(Object.entries(input.Item)).toEqual([
      ['__proto__', { S: 'x' }],
      ['toString', { S: 'y' }],
    ]);
    expect(Object.getPrototypeOf(input.Item)).toBe(Object.prototype);
  });

  test('a body nested deeper than the stack', async () => {
    const depth = 100_000;
    const body = `{"Item":{"a":${'{"L":['.repeat(depth)}${']}'.repeat(depth)}}}`;
    expect(await refusal(parse('dynamodb.PutItem', body))).toBe('SerializationException: ');
  });
});

describe('compressed and oversized bodies', () => {
  test('gzip is taken off', async () => {
    const body = gzipSync('{"TableName":"t"}');
    expect(
      await parse('dynamodb.GetItem', body, { headers: { 'content-encoding': 'gzip' } }),
    ).toEqual({ TableName: 't' });
  });

  test('broken gzip', async () => {
    const refused = refusal(
      parse('dynamodb.GetItem', 'plain', { headers: { 'content-encoding': 'gzip' } }),
    );
    expect(await refused).toBe('SerializationException: The request body is not valid gzip data.');
  });

  test('a small body that inflates past the limit', async () => {
    const bomb = gzipSync(Buffer.alloc(80_000_000), { level: 9 });
    expect(bomb.length).toBeLessThan(100_000);
    const refused = refusal(
      parse('dynamodb.GetItem', bomb, { headers: { 'content-encoding': 'gzip' } }),
    );
    expect(await refused).toBe(
      'RequestEntityTooLargeException: Request must be smaller than 70167211 bytes',
    );
  });

  test('a length over the limit is refused before the body is read', async () => {
    const unread: HttpBody = {
      bytes: () => Promise.reject(new Error('was read')),
      stream: () => {
        throw new Error('was read');
      },
    };
    const refused = parse('dynamodb.GetItem', '', {
      headers: { 'content-length': '70167212' },
      httpBody: unread,
    });
    await expect(refused).rejects.toMatchObject({
      code: 'RequestEntityTooLargeException',
      status: 413,
    });
  });

  test('a body that turns out too long', async () => {
    const long: HttpBody = {
      ...bodyOf(new Uint8Array()),
      bytes: () => Promise.reject(new BodyTooLarge('long')),
    };
    await expect(parse('dynamodb.GetItem', '', { httpBody: long })).rejects.toMatchObject({
      status: 413,
    });
  });

  test('an object keeps its content encoding, and its bytes', async () => {
    const body = gzipSync('data');
    const input = await parse('s3.PutObject', body, {
      headers: { 'content-encoding': 'gzip' },
      labels: { Bucket: 'b', Key: 'k' },
    });
    const { ContentEncoding, Body } = input as {
      ContentEncoding: string;
      Body: { bytes(max: number): Promise<Uint8Array> };
    };
    expect(ContentEncoding).toBe('gzip');
    expect(Buffer.from(await Body.bytes(1000))).toEqual(body);
  });
});

describe('S3', () => {
  const MALFORMED =
    'MalformedXML: The XML you provided was not well-formed or did not validate against our published schema';

  test.each([
    'text',
    '<Delete>',
    '<Delete><Object></Delete>',
    '<Nope><Object><Key>k</Key></Object></Nope>',
    '<Delete><Quiet>perhaps</Quiet></Delete>',
    `${'<a>'.repeat(5000)}${'</a>'.repeat(5000)}`,
  ])('%.40s', async (body) => {
    expect(await refusal(parse('s3.DeleteObjects', body))).toBe(MALFORMED);
  });

  test('prefixed tags, comments, CDATA and references', async () => {
    const body =
      '<?xml version="1.0"?><!-- c --><s3:Delete xmlns:s3="http://s3.amazonaws.com/doc/2006-03-01/">' +
      '<s3:Object><s3:Key>a&amp;&#x1F600;</s3:Key></s3:Object><s3:Object><s3:Key><![CDATA[<b>]]></s3:Key></s3:Object></s3:Delete>';
    expect(await parse('s3.DeleteObjects', body)).toEqual({
      Delete: { Objects: [{ Key: 'a&😀' }, { Key: '<b>' }] },
    });
  });

  test('attributes with a prefix of their own', async () => {
    const body =
      '<AccessControlPolicy><AccessControlList><Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" ' +
      'xsi:type="CanonicalUser"><ID>id</ID></Grantee><Permission>READ</Permission></Grant></AccessControlList></AccessControlPolicy>';
    expect(await parse('s3.PutBucketAcl', body)).toEqual({
      AccessControlPolicy: {
        Grants: [{ Grantee: { Type: 'CanonicalUser', ID: 'id' }, Permission: 'READ' }],
      },
    });
  });

  test('a number that is none', async () => {
    const refused = parse('s3.ListObjectsV2', '', { query: 'list-type=2&max-keys=many' });
    await expect(refused).rejects.toMatchObject({
      code: 'InvalidArgument',
      message: 'Provided max-keys not an integer or within integer range',
      fields: { ArgumentName: 'max-keys', ArgumentValue: 'many' },
    });
  });
});

describe('query', () => {
  test.each([
    ['iam.ListUsers', 'MaxItems=many', 'MalformedInput: not a number: many'],
    [
      'iam.ListUsers',
      'MaxItems.member.1=1',
      'MalformedInput: Start of structure or map found where not expected.',
    ],
    ['iam.TagRole', 'Tags=x', 'MalformedInput: Unexpected list element termination'],
    ['iam.TagRole', 'Tags.member.1=x', 'MalformedInput: Unexpected complex element termination'],
    [
      'iam.ListUsers',
      'PathPrefix=%',
      'MalformedQueryString: The query string contains a syntax error.',
    ],
    [
      'iam.ListUsers',
      `${'a.'.repeat(1000)}a=1`,
      'MalformedInput: Unexpected complex element termination',
    ],
  ])('%s %.40s', async (target, body, message) => {
    expect(await refusal(parse(target, body))).toBe(message);
  });

  test('lists follow their numbers, gaps and all', async () => {
    const body = 'TagKeys.member.10=c&TagKeys.member.2=b&TagKeys.member.1=a&Unknown.member.1=x';
    expect(await parse('iam.UntagRole', body)).toEqual({ TagKeys: ['a', 'b', 'c'] });
  });

  // <docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-making-api-requests-xml.html>
  test('SQS: the path may name the queue', async () => {
    const sketch = { protocol: 'awsQuery', path: '/123456789012/q' } as const;
    expect(await parse('sqs.SendMessage', 'MessageBody=hi+there', sketch)).toEqual({
      QueueUrl: 'http://localhost:4566/123456789012/q',
      MessageBody: 'hi there',
    });
  });

  test('SQS: flattened lists and maps', async () => {
    const body = 'Attribute.1.Name=DelaySeconds&Attribute.1.Value=5&QueueName=q';
    expect(await parse('sqs.CreateQueue', body, { protocol: 'awsQuery' })).toEqual({
      QueueName: 'q',
      Attributes: { DelaySeconds: '5' },
    });
  });
});

describe('restJson1', () => {
  test('a number in the query that is none', async () => {
    const refused = refusal(parse('lambda.ListFunctions', '', { query: 'MaxItems=many' }));
    expect(await refused).toBe(
      'SerializationException: STRING_VALUE cannot be converted to Integer: many',
    );
  });

  test('a body cannot set what travels elsewhere', async () => {
    const input = await parse(
      'lambda.UpdateFunctionConfiguration',
      '{"FunctionName":"other","Timeout":3}',
      {
        labels: { FunctionName: 'mine' },
      },
    );
    expect(input).toEqual({ FunctionName: 'mine', Timeout: 3 });
  });
});
