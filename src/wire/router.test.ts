// Routing: what identifies a service and operation, and the answer to what fits nothing.
import { describe, expect, test } from 'vitest';
import { loadSchemas } from '../models/schemas.ts';
import { SERVICE_ROWS } from '../models/services.ts';
import { bodyOf } from './http.ts';
import type { HttpRequest, HttpResponse } from './http.ts';
import { loadServiceModel } from './load-model.ts';
import { createRouter } from './router.ts';
import type { ServiceRow } from './service-model.ts';

const loads: string[] = [];

async function load(row: ServiceRow) {
  loads.push(row.id);
  return loadServiceModel(row, await loadSchemas(row.id as Parameters<typeof loadSchemas>[0]));
}

const router = createRouter({ rows: SERVICE_ROWS, load });

interface Sketch {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

function request(
  url: string,
  { method = 'GET', headers = {}, body = '' }: Sketch = {},
): HttpRequest {
  const at = url.indexOf('?');
  return {
    method,
    path: at === -1 ? url : url.slice(0, at),
    query: at === -1 ? '' : url.slice(at + 1),
    headers: { host: '127.0.0.1:4566', ...headers },
    body: bodyOf(Buffer.from(body)),
    sourceIp: '127.0.0.1',
    signal: new AbortController().signal,
  };
}

function signed(service: string, region = 'us-east-1'): Record<string, string> {
  const scope = `AKIDEXAMPLE/20260102/${region}/${service}/aws4_request`;
  return {
    authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=00`,
  };
}

const FORM = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };

async function routeName(sketch: HttpRequest): Promise<string> {
  const routed = await router.route(sketch);
  if (routed.kind === 'failure')
    return `${routed.protocol.name} ${routed.error.status} ${routed.error.code}`;
  return `${routed.model.row.id}.${routed.operation.name} ${routed.protocol.name}`;
}

async function answer(sketch: HttpRequest): Promise<HttpResponse> {
  const routed = await router.route(sketch);
  if (routed.kind === 'routed') throw new Error(`routed to ${routed.operation.name}`);
  return routed.protocol.serializeError(routed, routed.error, 'request-1');
}

describe('identification', () => {
  test.each<[string, HttpRequest, string]>([
    [
      'target',
      request('/', { method: 'POST', headers: { 'x-amz-target': 'AmazonSQS.SendMessage' } }),
      'sqs.SendMessage awsJson1_0',
    ],
    [
      'target, json 1.1',
      request('/', { method: 'POST', headers: { 'x-amz-target': 'Logs_20140328.PutLogEvents' } }),
      'logs.PutLogEvents awsJson1_1',
    ],
    [
      'scope and form',
      request('/', {
        method: 'POST',
        headers: { ...FORM, ...signed('sqs') },
        body: 'Action=SendMessage&Version=2012-11-05',
      }),
      'sqs.SendMessage awsQuery',
    ],
    [
      'scope and query string',
      request('/?Action=GetCallerIdentity&Version=2011-06-15', { headers: signed('sts') }),
      'sts.GetCallerIdentity awsQuery',
    ],
    [
      'presigned',
      request(
        '/?Action=ListUsers&X-Amz-Credential=AKID%2F20260102%2Fus-east-1%2Fiam%2Faws4_request',
      ),
      'iam.ListUsers awsQuery',
    ],
    [
      'unsigned form',
      request('/', {
        method: 'POST',
        headers: FORM,
        body: 'Action=AssumeRoleWithWebIdentity&Version=2011-06-15',
      }),
      'sts.AssumeRoleWithWebIdentity awsQuery',
    ],
    [
      'REST',
      request('/2015-03-31/functions/f/invocations', { method: 'POST', headers: signed('lambda') }),
      'lambda.Invoke restJson1',
    ],
    [
      'REST, with and without the last slash',
      request('/2015-03-31/functions', { headers: signed('lambda') }),
      'lambda.ListFunctions restJson1',
    ],
    [
      'multi-region signature',
      request('/', {
        headers: {
          authorization: 'AWS4-ECDSA-P256-SHA256 Credential=AKID/20260102/s3/aws4_request, x',
        },
      }),
      's3.ListBuckets restXml',
    ],
    [
      'signature version 2',
      request('/b/k', { headers: { authorization: 'AWS AKID:c2ln' } }),
      's3.GetObject restXml',
    ],
    ['no credentials at all', request('/bucket/key'), 's3.GetObject restXml'],
    [
      'an object fetched with a stray Action',
      request('/bucket/key?Action=Nothing'),
      's3.GetObject restXml',
    ],
  ])('%s', async (_, sketch, expected) => {
    expect(await routeName(sketch)).toBe(expected);
  });

  test('models are loaded when first needed, once', async () => {
    const fresh: string[] = [];
    const lazy = createRouter({
      rows: SERVICE_ROWS,
      load: (row) => {
        fresh.push(row.id);
        return load(row);
      },
    });
    const sketch = request('/', {
      method: 'POST',
      headers: { 'x-amz-target': 'DynamoDB_20120810.GetItem' },
    });
    await Promise.all([lazy.route(sketch), lazy.route(sketch)]);
    expect(fresh).toEqual(['dynamodb']);
  });

  test('a failed load is tried again', async () => {
    let attempts = 0;
    const flaky = createRouter({
      rows: SERVICE_ROWS,
      load: (row) => (++attempts === 1 ? Promise.reject(new Error('disk')) : load(row)),
    });
    const sketch = request('/', {
      method: 'POST',
      headers: { 'x-amz-target': 'AmazonSQS.ListQueues' },
    });
    await expect(flaky.route(sketch)).rejects.toThrow('disk');
    expect((await flaky.route(sketch)).kind).toBe('routed');
  });
});

describe('S3 addresses', () => {
  test.each<[string, Sketch & { url: string }, string, Record<string, string>]>([
    ['service', { url: '/' }, 'ListBuckets', {}],
    ['bucket', { url: '/b?list-type=2' }, 'ListObjectsV2', { Bucket: 'b' }],
    ['bucket, version 1', { url: '/b/' }, 'ListObjects', { Bucket: 'b' }],
    ['bucket subresource', { url: '/b?location' }, 'GetBucketLocation', { Bucket: 'b' }],
    ['object', { url: '/b/a%20b/c%2Fd' }, 'GetObject', { Bucket: 'b', Key: 'a b/c/d' }],
    ['a key that starts with a slash', { url: '/b//k' }, 'GetObject', { Bucket: 'b', Key: '/k' }],
    [
      'a key that ends with a slash',
      { url: '/b/folder/', method: 'PUT' },
      'PutObject',
      { Bucket: 'b', Key: 'folder/' },
    ],
    [
      'copy',
      { url: '/b/k', method: 'PUT', headers: { 'x-amz-copy-source': '/a/k' } },
      'CopyObject',
      { Bucket: 'b', Key: 'k' },
    ],
    [
      'part',
      { url: '/b/k?partNumber=1&uploadId=u', method: 'PUT' },
      'UploadPart',
      { Bucket: 'b', Key: 'k' },
    ],
    [
      'part copied',
      {
        url: '/b/k?partNumber=1&uploadId=u',
        method: 'PUT',
        headers: { 'x-amz-copy-source': '/a/k' },
      },
      'UploadPartCopy',
      { Bucket: 'b', Key: 'k' },
    ],
    ['parts', { url: '/b/k?uploadId=u' }, 'ListParts', { Bucket: 'b', Key: 'k' }],
    ['uploads', { url: '/b?uploads' }, 'ListMultipartUploads', { Bucket: 'b' }],
    ['delete many', { url: '/b?delete', method: 'POST' }, 'DeleteObjects', { Bucket: 'b' }],
    ['head', { url: '/b/k', method: 'HEAD' }, 'HeadObject', { Bucket: 'b', Key: 'k' }],
    [
      'host',
      { url: '/k', headers: { host: 'my-b.s3.localhost:4566' } },
      'GetObject',
      { Bucket: 'my-b', Key: 'k' },
    ],
    [
      'host with dots',
      { url: '/', headers: { host: 'a.b.c.s3.localhost' } },
      'ListObjects',
      { Bucket: 'a.b.c' },
    ],
    [
      'host with a region',
      { url: '/k', headers: { host: 'b.s3.eu-west-1.localhost:4566' } },
      'GetObject',
      { Bucket: 'b', Key: 'k' },
    ],
    [
      'host of localstack.cloud',
      { url: '/k', headers: { host: 'b.s3.us-east-1.localhost.localstack.cloud:4566' } },
      'GetObject',
      { Bucket: 'b', Key: 'k' },
    ],
    [
      'host of AWS',
      { url: '/k', headers: { host: 'b.s3.us-gov-west-1.amazonaws.com' } },
      'GetObject',
      { Bucket: 'b', Key: 'k' },
    ],
    [
      'host of AWS, older',
      { url: '/k', headers: { host: 'b.s3-eu-west-1.amazonaws.com' } },
      'GetObject',
      { Bucket: 'b', Key: 'k' },
    ],
    [
      'host without a bucket',
      { url: '/b/k', headers: { host: 's3.us-east-1.localhost.localstack.cloud' } },
      'GetObject',
      { Bucket: 'b', Key: 'k' },
    ],
  ])('%s', async (_, { url, ...sketch }, operation, labels) => {
    const routed = await router.route(request(url, sketch));
    if (routed.kind === 'failure') throw routed.error;
    expect([routed.operation.name, routed.labels]).toEqual([operation, labels]);
  });

  test('the hinted bucket wins', async () => {
    const routed = await router.route(request('/k'), { virtualHostBucket: 'hinted' });
    expect(routed).toMatchObject({ kind: 'routed', labels: { Bucket: 'hinted', Key: 'k' } });
  });
});

describe('requests that fit nothing', () => {
  test.each<[string, HttpRequest, string]>([
    [
      'unknown operation',
      request('/', { method: 'POST', headers: { 'x-amz-target': 'DynamoDB_20120810.Nope' } }),
      'awsJson1_0 400 UnknownOperationException',
    ],
    [
      'unknown target',
      request('/', {
        method: 'POST',
        headers: { 'x-amz-target': 'Nope_1.Do', 'content-type': 'application/x-amz-json-1.1' },
      }),
      'awsJson1_1 400 UnknownOperationException',
    ],
    [
      'target without a dot',
      request('/', { method: 'POST', headers: { 'x-amz-target': 'SendMessage' } }),
      'awsJson1_0 400 UnknownOperationException',
    ],
    [
      'no target',
      request('/', { method: 'POST', headers: signed('dynamodb') }),
      'awsJson1_0 400 UnknownOperationException',
    ],
    [
      'a prototype property as operation',
      request('/', {
        method: 'POST',
        headers: { 'x-amz-target': 'DynamoDB_20120810.constructor' },
      }),
      'awsJson1_0 400 UnknownOperationException',
    ],
    [
      'unknown action',
      request('/', {
        method: 'POST',
        headers: { ...FORM, ...signed('iam') },
        body: 'Action=Nope&Version=2010-05-08',
      }),
      'awsQuery 400 InvalidAction',
    ],
    [
      'no action',
      request('/', { method: 'POST', headers: { ...FORM, ...signed('iam') } }),
      'awsQuery 400 MissingAction',
    ],
    [
      'broken form',
      request('/', { method: 'POST', headers: { ...FORM, ...signed('iam') }, body: 'Action=%zz' }),
      'awsQuery 404 MalformedQueryString',
    ],
    [
      'unsigned form of no service',
      request('/', { method: 'POST', headers: FORM, body: 'Action=X&Version=1999-01-01' }),
      'awsQuery 400 InvalidAction',
    ],
    [
      'unknown path',
      request('/2015-03-31/nope', { headers: signed('lambda') }),
      'restJson1 403 AccessDeniedException',
    ],
    [
      'broken label',
      request('/2015-03-31/functions/%zz', { headers: signed('lambda') }),
      'restJson1 400 InvalidURI',
    ],
    [
      'unknown service',
      request('/', { headers: signed('quantumledger') }),
      'restJson1 501 NotImplemented',
    ],
    [
      'unknown rpc service',
      request('/service/Nope/operation/Do', {
        method: 'POST',
        headers: { 'smithy-protocol': 'rpc-v2-cbor' },
      }),
      'rpcv2Cbor 501 NotImplemented',
    ],
    ['S3 method', request('/bucket/key', { method: 'PATCH' }), 'restXml 405 MethodNotAllowed'],
    ['S3 key that is no URI', request('/bucket/%E0%A4%A'), 'restXml 400 InvalidURI'],
  ])('%s', async (_, sketch, expected) => {
    expect(await routeName(sketch)).toBe(expected);
  });

  test('DynamoDB names the shared namespace', async () => {
    const sketch = request('/', {
      method: 'POST',
      headers: { 'x-amz-target': 'DynamoDB_20120810.Nope' },
    });
    const { body } = await answer(sketch);
    // <github.com/architect/dynalite test/connection>
    expect(JSON.parse(Buffer.from(body as Uint8Array).toString())).toEqual({
      __type: 'com.amazon.coral.service#UnknownOperationException',
    });
  });

  test('IAM answers in its namespace', async () => {
    const sketch = request('/', {
      method: 'POST',
      headers: { ...FORM, ...signed('iam') },
      body: 'Action=Nope&Version=2010-05-08',
    });
    const { status, body } = await answer(sketch);
    expect(status).toBe(400);
    expect(body).toBe(
      '<?xml version="1.0" encoding="UTF-8"?>\n' +
        '<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type>' +
        '<Code>InvalidAction</Code><Message>Could not find operation Nope for version 2010-05-08</Message></Error>' +
        '<RequestId>request-1</RequestId></ErrorResponse>',
    );
  });

  test('S3 HEAD errors have no body', async () => {
    const { status, body } = await answer(request('/bucket/%E0%A4%A', { method: 'HEAD' }));
    expect([status, body]).toEqual([400, undefined]);
  });
});
